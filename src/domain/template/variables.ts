/** What a template's variables must be by themselves. */
import type { Fault } from '#src/errors.ts'
import type { Variable } from './schema.ts'

/** Names that Liquid or a segment's own columns take. */
const reserved = new Set(
  'segment key locale forloop empty blank nil null true false and or contains not continue attributes'.split(' '),
)

type Problem = readonly [part: string, code: string, message: string] | false | undefined

const nameProblems = (variable: Variable, earlier: ReadonlySet<string>): Problem[] => [
  earlier.has(variable.name) && ['/name', 'duplicate_variable', `The variable "${variable.name}" is declared twice.`],
  reserved.has(variable.name) && ['/name', 'reserved_name', `"${variable.name}" has a meaning of its own; choose another name.`],
]

/** The promise that nothing personal reaches a model begins here: such a variable cannot even be declared for prompts. */
function promptProblems(variable: Variable): Problem[] {
  if (!variable.use.includes('prompt')) return []
  const freeText = variable.type === 'string' && !variable.allow_free_text
  return [
    variable.personal && [
      '/use',
      'personal_in_prompt',
      `"${variable.name}" is personal and must not enter a prompt; use it in overlays.`,
    ],
    freeText && [
      '/use',
      'free_text_in_prompt',
      `"${variable.name}" is free text; make it an enum, or set allow_free_text: true.`,
    ],
    variable.type === 'image' && ['/use', 'image_in_prompt', `"${variable.name}" is an image; only overlays show images.`],
  ]
}

function typeProblems(variable: Variable): Problem[] {
  switch (variable.type) {
    case 'enum':
      return [
        new Set(variable.values).size < variable.values.length && ['/values', 'duplicate_value', 'A value is listed twice.'],
      ]
    case 'number':
      return [(variable.min ?? -Infinity) > (variable.max ?? Infinity) && ['/min', 'empty_range', 'min is greater than max.']]
    default:
      return []
  }
}

function defaultProblem(variable: Variable): Problem {
  if (variable.default === undefined) return undefined
  const fault = valueProblem(variable, variable.default)
  return fault !== undefined && ['/default', 'invalid_default', `The default of "${variable.name}" is no value of it: ${fault}`]
}

/** Why a value of the right JavaScript type is none of this variable; undefined when it is one. */
export function valueProblem(variable: Variable, value: string | number | boolean): string | undefined {
  if (variable.type === 'string' && isLonger(String(value), variable.max_length))
    return `It is longer than ${variable.max_length} characters.`
  if (variable.type === 'enum' && !variable.values.includes(String(value))) return `It is none of: ${listed(variable.values)}.`
  if (variable.type === 'number' && Number(value) < (variable.min ?? -Infinity)) return `It is less than ${variable.min}.`
  if (variable.type === 'number' && Number(value) > (variable.max ?? Infinity)) return `It is more than ${variable.max}.`
  return undefined
}

const graphemes = new Intl.Segmenter('en')

/** In characters as people count them; a pile of combining marks does not pass as one. Counting is slow and rarely needed. */
const isLonger = (text: string, max: number): boolean =>
  text.length > max && (text.length > 8 * max || Iterator.from(graphemes.segment(text)).reduce((n) => n + 1, 0) > max)

const listed = (values: readonly string[]): string => values.slice(0, 20).join(', ') + (values.length > 20 ? ', …' : '')

/** @returns faults with pointers such as /variables/2/default */
export function checkVariables(variables: readonly Variable[]): Fault[] {
  const earlier = new Set<string>()
  return variables.flatMap((variable, index) => {
    const problems = [
      ...nameProblems(variable, earlier),
      ...promptProblems(variable),
      ...typeProblems(variable),
      defaultProblem(variable),
    ]
    earlier.add(variable.name)
    return problems.flatMap((p) => (p ? [{ pointer: `/variables/${index}${p[0]}`, code: p[1], message: p[2] }] : []))
  })
}
