/** Options of Node's. */
export declare const heapFlags: readonly string[]
/** Variables that tell glibc. */
export declare const allocator: Readonly<Record<string, string>>
