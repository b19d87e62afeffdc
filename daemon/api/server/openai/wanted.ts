import { callBegins, callEnds, checkForm, mostFormCharacters, unsupportedIn } from '../../../../protocol/form/index.ts'
import type { FormDocument } from '../../../../protocol/form/index.ts'
import { InvalidError } from '../../../../protocol/primitives/index.ts'
import type { CompletionRequest } from '../../contract/index.ts'
import type { Message } from './history.ts'

type Asked = Pick<CompletionRequest, 'tools' | 'tool_choice' | 'response_format' | 'logprobs' | 'top_logprobs'>
type Tool = NonNullable<Asked['tools']>[number]
type Offered = NonNullable<Tool['function']>

/** Fields that are followed here: what an answer has to be, and what is told of its tokens. */
export const wantedFields = ['tools', 'tool_choice', 'response_format', 'logprobs', 'top_logprobs'] as const

const invalid = (param: string, message: string): InvalidError =>
  new InvalidError('request.invalid', message, { details: { param } })
const unsupported = (param: string, message: string): InvalidError =>
  new InvalidError('request.unsupported', message, { details: { param } })

/** Whether the model may call a tool. */
export const isOffered = ({ tools, tool_choice: choice }: Asked): boolean =>
  (tools ?? []).length > 0 && choice !== 'none'

/**
 * [reject] A schema that an answer can be held to; else it is refused by the field that brought it, and the keyword.
 * @throws InvalidError `request.unsupported`, `request.invalid`
 */
function checked(document: FormDocument, param: string): string {
  const text = JSON.stringify(document)
  try {
    checkForm(text)
    return text
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    throw new InvalidError(
      error.code === 'form.unsupported' ? 'request.unsupported' : 'request.invalid',
      `${param}: ${error.message}`,
      { help: 'Say it in the description, or leave it out and check the answer.', details: { param }, cause: error }
    )
  }
}

/** Takes away what stands at a place in a schema, where something does. */
function takeAway(schema: object, place: string): void {
  const path = place.split('/').slice(1)
  const last = path.pop()
  let at: unknown = schema
  for (const part of path)
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined
  if (typeof at === 'object' && at !== null && last !== undefined) Reflect.deleteProperty(at, last)
}

/** What can be followed of a schema: all that cannot be is found in one reading. What is no schema stays as it is. */
function loosened(schema: object): object {
  try {
    const places = unsupportedIn(schema)
    const loose = structuredClone(schema)
    for (const place of places) takeAway(loose, place)
    return loose
  } catch (error) {
    if (error instanceof InvalidError) return schema
    throw error
  }
}

/**
 * What a call takes: anything by name where nothing is said of it. Only a tool that says `strict` is promised that its
 * calls are as its schema has them: of another's, what cannot be followed is a word to the model, as it is in that API.
 */
function argumentsOf({ parameters, strict }: Offered): object {
  if (Object.keys(parameters ?? {}).length === 0) return { type: 'object' }
  return strict === true ? (parameters ?? {}) : loosened(parameters ?? {})
}

/** [reject] Tools are functions, each with a name of its own. */
function offeredIn(tools: readonly Tool[]): Offered[] {
  const names = new Set<string>()
  return tools.map(({ type, function: offered }, i) => {
    if (type !== 'function')
      throw unsupported(`tools[${i}].type`, `tools of type ${type.slice(0, 40)} are not supported: give functions`)
    if (!offered) throw invalid(`tools[${i}].function`, `tools[${i}].function is missing`)
    if (names.has(offered.name)) throw invalid(`tools[${i}].function.name`, `two tools are called ${offered.name}`)
    names.add(offered.name)
    return offered
  })
}

/** [reject] Calls of these tools, whose arguments an answer can be held to. */
function callsOf(offered: readonly Offered[], all: readonly Offered[]): { name: string; parameters: object }[] {
  // [reject] Together they are one form. Its length is looked at before any of it is read, which takes far longer.
  const characters = offered.reduce((sum, { parameters }) => sum + JSON.stringify(parameters ?? {}).length, 0)
  if (characters > mostFormCharacters)
    throw invalid('tools', `tools have parameters of at most ${mostFormCharacters} characters together`)
  return offered.map(one => {
    const parameters = argumentsOf(one)
    checked({ json: parameters }, `tools[${all.indexOf(one)}].function.parameters`)
    return { name: one.name, parameters }
  })
}

/** The tools that are meant, and whether one of them has to be called. */
function chosen(offered: readonly Offered[], choice: Asked['tool_choice']): { of: readonly Offered[]; must: boolean } {
  if (typeof choice !== 'object' || choice === null) return { of: offered, must: choice === 'required' }
  const { type, function: called, allowed_tools: allowed } = choice
  if (type === 'function' && called) return { of: offeredAs(offered, [called.name]), must: true }
  if (type === 'allowed_tools' && allowed) {
    const names = allowed.tools.flatMap(tool => (tool.type === 'function' && tool.function ? [tool.function.name] : []))
    return { of: offeredAs(offered, names), must: allowed.mode === 'required' }
  }
  // [reject] A choice is of functions.
  throw type === 'function' || type === 'allowed_tools'
    ? invalid('tool_choice', `tool_choice.${type} is missing`)
    : unsupported('tool_choice', `tool_choice of type ${type.slice(0, 40)} is not supported: choose functions`)
}

/** [reject] Whatever is chosen is offered. */
function offeredAs(offered: readonly Offered[], names: readonly string[]): readonly Offered[] {
  const other = names.find(name => !offered.some(one => one.name === name))
  if (other !== undefined)
    throw invalid('tool_choice', `tool_choice names ${other.slice(0, 64)}, which is none of the tools`)
  if (names.length === 0) throw invalid('tool_choice', 'tool_choice names none of the tools')
  return offered.filter(one => names.includes(one.name))
}

/** Tools in the words in which most open models have learnt them; their calls stand in the history in the same. */
const toolsText = (offered: readonly Offered[]): string =>
  [
    '# Tools\n\nYou may call one function to assist with the user query.\n',
    'You are provided with function signatures within <tools></tools> XML tags:\n<tools>',
    ...offered.map(one => JSON.stringify({ type: 'function', function: one })),
    '</tools>\n',
    'For a function call, return a json object with function name and arguments within',
    '<tool_call></tool_call> XML tags:',
    `${callBegins}{"name": <function-name>, "arguments": <args-json-object>}${callEnds}`
  ].join('\n')

/** A conversation in which the tools are named before all else. */
function withTools(messages: readonly Message[], text: string): Message[] {
  const [first, ...rest] = messages
  return first?.role === 'system'
    ? [{ role: 'system', content: `${first.content}\n\n${text}` }, ...rest]
    : [{ role: 'system', content: text }, ...messages]
}

/**
 * What the answer has to be, and the conversation as the model is asked for it.
 * @throws InvalidError `request.unsupported`, `request.invalid` with the `param` in the details
 */
export function wantedOf(
  body: Asked,
  messages: readonly Message[]
): { readonly form: string | undefined; readonly messages: readonly Message[] } {
  const { response_format: format, tools, tool_choice: choice } = body
  const isText = format === null || format === undefined || format.type === 'text'
  if (isOffered(body)) {
    // [reject] An answer is a call, or of a form: both cannot be promised.
    if (!isText) throw unsupported('response_format', 'response_format cannot be followed beside tools')
    const offered = offeredIn(tools ?? [])
    const { of, must } = chosen(offered, choice)
    return {
      form: checked({ calls: callsOf(of, offered), must }, 'tools'),
      messages: withTools(messages, toolsText(of))
    }
  }
  // [reject] A tool cannot be called that is not there.
  if (choice === 'required' || typeof choice === 'object')
    if (choice !== null) throw invalid('tool_choice', 'tool_choice asks for a tool, and there are none')
  if (isText) return { form: undefined, messages }
  if (format.type === 'json_object') return { form: checked({ json: { type: 'object' } }, 'response_format'), messages }
  if (format.type !== 'json_schema')
    throw unsupported('response_format', `response_format of type ${format.type.slice(0, 40)} is not supported`)
  const schema = format.json_schema?.schema
  if (!schema) throw invalid('response_format', 'response_format.json_schema.schema is missing')
  return { form: checked({ json: schema }, 'response_format'), messages }
}

/**
 * How many likely tokens are told of beside each token of the answer; undefined for none of it.
 * @throws InvalidError `request.unsupported`, `request.invalid` with the `param` in the details
 */
export function logprobsIn(body: Asked): number | undefined {
  const { logprobs, top_logprobs: top } = body
  // [reject] Likely tokens are told of beside the answer's.
  if (logprobs !== true && (top ?? 0) > 0) throw invalid('top_logprobs', 'top_logprobs needs logprobs to be true')
  if (logprobs !== true) return undefined
  // [reject] A call is told when it is whole: its tokens have no place.
  if (isOffered(body)) throw unsupported('logprobs', 'logprobs cannot be followed beside tools')
  return top ?? 0
}
