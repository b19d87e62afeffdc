/** What errors of this module are called; one that is not here does not compile. */
export type ProtocolCryptoErrorCode = 'key.invalid' | 'signature.mismatch' | 'envelope.invalid'

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/crypto': ProtocolCryptoErrorCode
  }
}
