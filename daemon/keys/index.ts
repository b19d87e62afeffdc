export * from './keystore.ts'
export * from './passphrase.ts'
