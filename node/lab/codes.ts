/** What errors of this module are called; one that is not here does not compile. */
export type LabErrorCode = 'lab.folder' | 'lab.model' | 'lab.report' | 'lab.world'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/lab': LabErrorCode
  }
}
