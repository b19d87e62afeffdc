const dialled = /\/(?:wss?|webrtc-direct)(?:\/|$)/

const plainTcp = /^\/(?:ip4|ip6|dns4|dns6|dns)\/[^/]+\/tcp\/\d+(?:\/p2p\/[^/]+)?$/

/** Whether a program can dial an address that no page can: plain TCP, to the machine itself. */
export const isPlainTcp = (address: string): boolean => plainTcp.test(address)

/** Whether pages can dial an address: WebSocket, WebRTC, and through a relay by either. */
export const isForPages = (address: string): boolean => dialled.test(address)
