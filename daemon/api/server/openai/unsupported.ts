import { InvalidError } from '../../../../protocol/primitives/index.ts'

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length === 0
    : typeof value === 'object' && value !== null && Object.keys(value).length === 0

type Body = Readonly<Record<string, unknown>>

/** A field that would change what is answered: when it says nothing after all, and why it cannot be followed. */
interface Field {
  readonly harmless: (value: unknown, body: Body) => boolean
  readonly because: string
}

const unless =
  (...values: unknown[]): Field['harmless'] =>
  value =>
    values.includes(value)
const plainText = 'answers are text'
const noTools = 'tools are offered by chat completions, as `tools`'
const noSearch = 'models of this network search nothing'
const noForm = 'the form of an answer is asked for by `response_format` of chat completions'
const noScores = 'probabilities are told by chat completions'
const noPenalty = 'workers sample without it'
const noTokens = 'tokens differ from model to model: give texts in `stop`'
const noLength = 'how long an answer may be is said by `max_tokens`'

/** What a tool is offered for, where the model may not call it. */
const unlessNoTool: Field['harmless'] = (value, body) =>
  isEmpty(value) || body['tool_choice'] === 'none' || body['function_call'] === 'none'

/** What says the same as the field that is followed. */
const isLength: Field['harmless'] = (value, { max_completion_tokens: newer, max_tokens: older }) =>
  value === (newer ?? older)

/** Each is refused by its own name where it would change the answer; fields that stand nowhere are passed over. */
const fields: Readonly<Record<string, Field>> = {
  tools: { harmless: unlessNoTool, because: noTools },
  functions: { harmless: unlessNoTool, because: noTools },
  tool_choice: { harmless: unless('auto', 'none'), because: noTools },
  function_call: { harmless: unless('auto', 'none'), because: noTools },
  response_format: { harmless: value => (value as { type?: unknown }).type === 'text', because: noForm },
  logprobs: { harmless: unless(false), because: noScores },
  top_logprobs: { harmless: unless(0), because: noScores },
  logit_bias: {
    harmless: value => isEmpty(value) || Object.values(value as object).every(bias => bias === 0),
    because: noPenalty
  },
  presence_penalty: { harmless: unless(0), because: noPenalty },
  frequency_penalty: { harmless: unless(0), because: noPenalty },
  repetition_penalty: { harmless: unless(1), because: noPenalty },
  repeat_penalty: { harmless: unless(1), because: noPenalty },
  min_p: { harmless: unless(0), because: noPenalty },
  typical_p: { harmless: unless(1), because: noPenalty },
  min_tokens: { harmless: unless(0), because: noPenalty },
  top_a: { harmless: unless(0), because: noPenalty },
  tfs_z: { harmless: unless(1), because: noPenalty },
  mirostat: { harmless: unless(0, false), because: noPenalty },
  mirostat_mode: { harmless: unless(0), because: noPenalty },
  dry_multiplier: { harmless: unless(0), because: noPenalty },
  xtc_probability: { harmless: unless(0), because: noPenalty },
  length_penalty: { harmless: unless(1), because: noPenalty },
  use_beam_search: { harmless: unless(false), because: noPenalty },
  stop_token_ids: { harmless: isEmpty, because: noTokens },
  bad_words: { harmless: isEmpty, because: noPenalty },
  allowed_token_ids: { harmless: isEmpty, because: noTokens },
  // What an answer may cost hangs on it: to pass it over would be to spend what was not meant to be.
  n_predict: { harmless: (value, body) => value === -1 || isLength(value, body), because: noLength },
  max_new_tokens: { harmless: isLength, because: noLength },
  max_output_tokens: { harmless: isLength, because: noLength },
  ignore_eos: { harmless: unless(false), because: noPenalty },
  modalities: {
    harmless: value => Array.isArray(value) && value.every(one => one === 'text'),
    because: plainText
  },
  audio: { harmless: () => false, because: plainText },
  web_search_options: { harmless: () => false, because: noSearch },
  grammar: { harmless: unless(''), because: noForm },
  json_schema: { harmless: isEmpty, because: noForm },
  structured_outputs: { harmless: isEmpty, because: noForm },
  guided_json: { harmless: () => false, because: noForm },
  guided_regex: { harmless: () => false, because: noForm },
  guided_choice: { harmless: () => false, because: noForm },
  guided_grammar: { harmless: () => false, because: noForm },
  continue_final_message: { harmless: unless(false), because: 'every answer is a turn of its own' },
  // Of the older form.
  best_of: { harmless: unless(0, 1), because: 'each answer is asked and paid for by itself' },
  echo: { harmless: unless(false), because: 'the answer alone is sent' },
  suffix: { harmless: unless(''), because: 'models of this network answer, they do not fill in' }
}

/**
 * [reject] What changes what is answered and cannot be followed is refused by the name that was sent.
 * @param followed fields that this call follows
 * @throws InvalidError `request.unsupported`, its `param` in the details
 */
export function checkSupported(body: Body, followed: readonly string[] = []): void {
  for (const [name, value] of Object.entries(body)) {
    if (followed.includes(name)) continue
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined || value === null || value === undefined || field.harmless(value, body)) continue
    throw new InvalidError('request.unsupported', `${name} is not supported here: ${field.because}`, {
      help: `Leave ${name} out.`,
      details: { param: name }
    })
  }
}
