/** The port to whoever makes clips. Its types live in contracts, because the domain's state machine reads the same answers. */
export type * from '#src/contracts/clip-provider.ts'
