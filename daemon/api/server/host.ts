/** Whether a server that listens there answers on every address of its machine. */
export const isAnyHost = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** A host as it stands in a URL. */
export const hostInUrl = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)
