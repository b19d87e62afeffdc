/** What errors of this module are called; one that is not here does not compile. */
export type ProtocolFormErrorCode = 'form.endless' | 'form.invalid' | 'form.large' | 'form.unsupported'

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/form': ProtocolFormErrorCode
  }
}
