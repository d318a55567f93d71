export { createCompositor } from './compositor-children.ts'
export { compositorVersion } from './compositor-version.ts'
export type { Compositor } from './compositor.ts'
