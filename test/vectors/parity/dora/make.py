"""What PEFT makes of DoRA adapters over two of the models beside this folder: test/engine/dora.test.ts holds the engine
against it. Weights are random; each norm is off that of the weight that it belongs to by up to a third.

    pip install torch transformers peft safetensors
    python make.py"""
import json, os, shutil
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

here = os.path.dirname(os.path.abspath(__file__))
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "llama-tied": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "o_proj", "down_proj"]),
    "qwen2-bias": dict(
        r=4, lora_alpha=6, target_modules=SEVEN, use_rslora=True,
        rank_pattern={"q_proj": 2, "down_proj": 6}, alpha_pattern={"layers.0.self_attn.k_proj": 9},
    ),
}

golden = {"versions": {}}
for name, settings in CASES.items():
    torch.manual_seed(12)
    base = AutoModelForCausalLM.from_pretrained(os.path.join(here, "..", name), dtype=torch.float32)
    ids = [(i * 37 + 5) % 512 for i in range(40)]
    with torch.no_grad():
        plain = base(torch.tensor([ids])).logits[0, -1]
        model = get_peft_model(base, LoraConfig(use_dora=True, task_type="CAUSAL_LM", **settings)).eval()
        for key, p in model.named_parameters():
            if "lora_A" in key or "lora_B" in key:
                p.copy_(torch.randn_like(p) * 0.1)
            if "lora_magnitude_vector" in key:
                p.mul_(1 + (torch.rand_like(p) - 0.5) * 0.66)
        out = model(torch.tensor([ids])).logits[0]
        folder = os.path.join(here, name)
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        os.remove(os.path.join(folder, "README.md"))
        config = os.path.join(folder, "adapter_config.json")
        with open(config) as f:
            written = json.load(f)
        with open(config, "w") as f:
            json.dump({**written, "base_model_name_or_path": name}, f, indent=2)
        greedy = model.generate(
            input_ids=torch.tensor([ids[:12]]), attention_mask=torch.ones(1, 12, dtype=torch.long), max_new_tokens=16,
            do_sample=False, eos_token_id=None, pad_token_id=0,
        )[0, 12:].tolist()
        merged = model.merge_and_unload()
        after = merged(torch.tensor([ids])).logits[0, -1]
    assert (after - out[-1]).abs().max() < 1e-4
    chances = torch.log_softmax(out[:-1], -1)
    golden[name] = {
        "ids": ids,
        "logits_last_row": out[-1].tolist(),
        "nll": [-chances[i, t].item() for i, t in enumerate(ids[1:])],
        "prompt": ids[:12],
        "greedy": greedy,
        "moved": (out[-1] - plain).abs().max().item(),
    }
import peft, transformers
golden["versions"] = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
with open(os.path.join(here, "golden.json"), "w") as f:
    json.dump(golden, f)
print({k: v["moved"] for k, v in golden.items() if k != "versions"}, golden["versions"])
