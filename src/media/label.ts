/** The AI label's text, for whoever draws without a composition. */
export { aiLabel as labelText } from '#src/contracts/ai-label.ts'
