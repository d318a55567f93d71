/**
 * The Liquid that templates are written in: a small list of tags and filters, strict variables, and limits that do not
 * depend on the machine's speed, so that a text which is accepted once is accepted always.
 */
import { evalToken, ForTag, Liquid, LiquidError, type Context, type Emitter, type Template as Parsed } from 'liquidjs'
import { formatMoney, formatNumber } from './numbers.ts'

const tags = ['assign', 'capture', 'if', 'unless', 'case', 'for', 'break', 'continue', 'comment', 'raw', 'echo', '#'] as const
/** No filter makes an array: loops run over ranges only, whose length the memory limit counts. */
const filters =
  'append prepend capitalize upcase downcase strip lstrip rstrip slice size truncate truncatewords replace replace_first remove remove_first default plus minus times divided_by modulo round floor ceil abs at_least at_most'.split(
    ' ',
  )

/** Loop rounds and characters handled by filters, together, in one rendering. */
const memoryLimit = 10_000
/** A last resort against what the counted limits cannot see; far above what any allowed text takes. */
const renderLimitMs = 2_000

/** Under a symbol, so that no Liquid text can name it. */
const localeKey = Symbol('locale')

/** Counts every round of a loop against the memory limit; the original counts only the making of the range. */
class CountedFor extends ForTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void | string, Parsed[]> {
    const items: unknown = yield evalToken(this.collection, context)
    context.memoryLimit.use(Array.isArray(items) ? items.length : 1)
    return yield* super.render(context, emitter)
  }
}

function createEngine(): Liquid {
  const engine = new Liquid({
    strictFilters: true,
    strictVariables: true,
    ownPropertyOnly: true,
    templates: {},
    parseLimit: 20_000,
    memoryLimit,
  })
  for (const name of Object.keys(engine.tags)) if (!(tags as readonly string[]).includes(name)) delete engine.tags[name]
  for (const name of Object.keys(engine.filters)) if (!filters.includes(name)) engine.unregisterFilter(name)
  engine.registerTag('for', CountedFor)
  engine.registerFilter('money', function (value: unknown, currency: unknown) {
    return formatMoney(value, currency, localeOf(this.context))
  })
  engine.registerFilter('number', function (value: unknown, digits: unknown) {
    return formatNumber(value, digits, localeOf(this.context))
  })
  return engine
}

const localeOf = (context: Context): string => (context.globals as { [localeKey]?: string })[localeKey] ?? 'en'

const engine = createEngine()

export type Values = Readonly<Record<string, unknown>>

export interface CompiledText {
  /** Every variable that the text takes from outside, as paths: `segment.key` is ['segment', 'key']. Dynamic parts are null. */
  readonly uses: readonly (readonly (string | null)[])[]
  /** @throws LiquidError for what only shows with these values; {@link explain} turns it into words */
  render(values: Values, locale: string): string
}

/** @throws LiquidError with the line of a broken tag, an unknown tag or an unknown filter */
export function compile(source: string): CompiledText {
  if (!/\{[{%]/.test(source)) return { uses: [], render: () => source }
  const parsed = engine.parse(source)
  const globals = Object.values(engine.analyzeSync(parsed, { partials: false }).globals).flat()
  return {
    uses: globals.map((variable) => variable.toArray().map((part) => (Array.isArray(part) ? null : String(part)))),
    render: (values, locale) =>
      String(engine.renderSync(parsed, values, { globals: { [localeKey]: locale }, renderLimit: renderLimitMs, memoryLimit })),
  }
}

/** What is wrong with a text, in words for the person who wrote it: `{code, message}` of a fault. */
export function explain(error: unknown): { code: string; message: string } {
  if (!LiquidError.is(error)) throw error
  const { name, message } = error
  if (/limit exceeded/.test(message)) {
    return {
      code: 'liquid_limit',
      message: `The text runs too long (${message}); at most ${memoryLimit} loop rounds and characters. Shorten the loop.`,
    }
  }
  if (name === 'UndefinedVariableError')
    return { code: 'unknown_variable', message: `The text uses what does not exist: ${message}.` }
  if (name === 'RenderError') return { code: 'liquid_render', message: `The text cannot be filled in: ${message}.` }
  return { code: 'liquid_syntax', message: `The Liquid cannot be read: ${message}.${remedy(message)}` }
}

function remedy(message: string): string {
  if (/undefined filter/.test(message)) return ` Filters are: ${[...filters, 'money', 'number'].join(', ')}.`
  if (/^tag ".*" not found/.test(message)) return ` Tags are: ${tags.join(', ')}.`
  return ''
}
