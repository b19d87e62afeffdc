import type { CheckReceipt, Connect, FundingCalls, Storage, TilthErrorShape } from '../types.ts'

export type * from '../types.ts'
export declare const connect: Connect
export declare const checkReceipt: CheckReceipt
export declare const fundingCalls: FundingCalls
/** In a file of this folder, for each account and network. */
export declare const folderStorage: (folder: string) => Storage
/** For `error instanceof TilthError`. */
export declare const TilthError: abstract new (...values: never) => TilthErrorShape
