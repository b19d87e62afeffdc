"""Loads a model folder, and an adapter over it, with transformers and PEFT; prints the last logits of token ids.
Usage: python peft_logits.py MODEL ADAPTER < JSON [[ids], …]   (needs torch, transformers, peft)"""
import json, sys, warnings
warnings.filterwarnings("ignore")
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
adapted = PeftModel.from_pretrained(model, sys.argv[2]).eval()
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
rows = json.load(sys.stdin)
with torch.no_grad():
    found = [adapted(torch.tensor([row["ids"]])).logits[0, -1].tolist() for row in rows]
tokens = [tokenizer(row["text"], add_special_tokens=False)["input_ids"] for row in rows]
print(json.dumps({"logits": found, "tokens": tokens}))
