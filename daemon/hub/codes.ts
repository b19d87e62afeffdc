/** What errors of this module are called; one that is not here does not compile. */
export type HubErrorCode =
  | 'hub.answer' // it says something else than a hub would
  | 'hub.disk'
  | 'hub.files' // the model has no files that can be used, or several that one has to be chosen of
  | 'hub.hash'
  | 'hub.name'
  | 'hub.unknown'
  | 'hub.unreachable'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/hub': HubErrorCode
  }
}
