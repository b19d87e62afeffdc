import type { AskEvent, ModelView } from '../../contract/index.ts'
import type { Page, PageRequest } from '../../../../protocol/primitives/index.ts'
import type { Question } from './question.ts'

/** What of a daemon the calls under /v1 need. */
export interface OpenAiSource {
  models(page: PageRequest & { limit: number }): Promise<Page<ModelView>>
  /** The one that is asked by an id or a name. @throws NotFoundError */
  model(wanted: string): Promise<ModelView>
  /** @param key of whoever asks by one */
  ask(question: Question, signal: AbortSignal, key: string | undefined): AsyncIterable<AskEvent>
}
