/** The command line's entry: the bundle's, or the sources' where there is none or they have changed since. */
export function programEntry(): string
