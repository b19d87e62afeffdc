const dialled = /\/(?:wss?|webrtc-direct)(?:\/|$)/

/** Whether pages can dial an address: WebSocket, WebRTC, and through a relay by either. */
export const isForPages = (address: string): boolean => dialled.test(address)
