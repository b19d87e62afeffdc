import type { CheckReceipt, Connect, FundingCalls, Storage, TilthErrorShape } from '../types.ts'

export type * from '../types.ts'
export declare const connect: Connect
export declare const checkReceipt: CheckReceipt
export declare const fundingCalls: FundingCalls
/** In the browser's own database. */
export declare const browserStorage: () => Storage
/** For `error instanceof TilthError`, and as the type of such an error. */
export declare const TilthError: abstract new (...values: never) => TilthErrorShape
export type TilthError = TilthErrorShape
