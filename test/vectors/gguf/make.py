"""Blocks of every type that is read from GGUF files, and what gguf-py (llama.cpp's own) says they stand for.
Usage: python make.py > blocks.json   (needs gguf, numpy)"""
import base64, json, sys
import numpy as np
import gguf
from gguf.quants import dequantize, quantize

types = gguf.GGMLQuantizationType
rng = np.random.default_rng(7)
b64 = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
sane = lambda n: (rng.standard_normal(n) * 0.05).astype(np.float16).view(np.uint8)
# Where each type has its float16 scales; all other bytes may be anything.
scales = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
out = {"read": {}, "write": {}}
for name, at in scales.items():
    block, size = gguf.GGML_QUANT_SIZES[types[name]]
    raw = rng.integers(0, 256, (3, size), dtype=np.uint8)
    for row in raw:
        for a in at: row[a:a + 2] = sane(1)
    out["read"][name] = {"bytes": b64(raw), "weights": b64(dequantize(raw.reshape(1, -1), types[name]).astype(np.float32))}
for name in ["F16", "BF16", "Q8_0", "Q4_0"]:
    weights = (rng.standard_normal((1, 256)) * 0.05).astype(np.float32)
    weights[0, 32:64] = 0
    out["write"][name] = {"weights": b64(weights), "bytes": b64(quantize(weights, types[name]))}
json.dump(out, sys.stdout, indent=1); print()
