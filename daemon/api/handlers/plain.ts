/** As the API sends it: wide integers as decimal text. */
export const plainText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))

export const plain = (value: unknown): unknown => JSON.parse(plainText(value))
