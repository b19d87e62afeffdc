import { z } from 'zod'

/** 32 bytes in lower-case hexadecimal. */
export const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
