/** What shows otherwise once money was brought in, claimed or made final. */
export const moneyCalls = ['earnings', 'income', 'earningsOver', 'waiting', 'claimCalls', 'shares', 'status'] as const
