/** Where sessions run: ONNX Runtime's execution providers that this engine knows. */
export const providers = ['cpu', 'webgpu', 'cuda'] as const
export type Provider = (typeof providers)[number]

/** What can be asked for: `auto` leaves the choice to what the machine has. */
export const providerRequests = ['auto', ...providers] as const
export type ProviderRequest = (typeof providerRequests)[number]

/**
 * How the products with frozen weights are computed: `f16` halves their memory and is for graphics processors only
 * (architecture/half.ts).
 */
export const precisions = ['f32', 'f16'] as const
export type Precision = (typeof precisions)[number]
