import { callJson } from '../http.ts'
import { lookMs, modelList, readAs } from './dialect.ts'
import type { Dialect } from './dialect.ts'

/** What a server says of itself in its list of models, of those that have nothing else. */
export const listedFacts: Dialect['facts'] = async (way, signal) => {
  const { data } = readAs(
    modelList,
    await callJson(way, { path: 'v1/models', method: 'GET', signal, timeoutMs: lookMs })
  )
  return { models: data.map(({ id }) => id), context: data[0]?.max_model_len ?? undefined }
}
