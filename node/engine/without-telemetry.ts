// ONNX Runtime keeps a file of what it ran and a name for this machine in its user's folder, and sends both to its
// makers, unless this stands in the environment before its first session. What a node runs is nobody's but its owner's.
// A thread has a copy of the environment that no library reads: whoever starts one for the engine loads this, too.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1'
