/** Receipts from the moment they are known until they are history: on disk by state, archived by epoch. */
export type * from './types.ts'
export { createReceiptStore } from './store.ts'
export type { ReceiptStoreOptions } from './store.ts'
