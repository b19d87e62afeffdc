#!/usr/bin/env python3
"""Trains a job of Tilth with PEFT: a command for worker.trainer, and an example to write others by.

  "trainer": {"command": ["/path/to/venv/bin/python", "/path/to/peft_trainer.py"]}
  several GPUs: {"command": ["/path/to/venv/bin/torchrun", "--standalone", "--nproc-per-node", "4", "/path/to/peft_trainer.py"]}

The last argument is the job's folder; docs/ENGINES.md says what lies in it. It takes the very steps that the node's own
engine would: the same beginning, rows, order, learning rates, clipping and averaging, in float32. So, without dropout,
each step's loss is what an auditor finds, up to rounding. TILTH_DTYPE=bfloat16 is faster, and an auditor sees it.

Needs: torch, transformers, peft (pip install torch transformers peft); bitsandbytes for qlora.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

folder = Path(sys.argv[-1])
job = json.loads((folder / "job.json").read_text())
s = job["settings"]
rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
cuda = torch.cuda.is_available()
if world > 1:
    dist.init_process_group("nccl" if cuda else "gloo")
device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
torch.manual_seed(s["seed"])

options = {"dtype": getattr(torch, os.environ.get("TILTH_DTYPE", "float32"))}
if job["method"] == "qlora":
    from transformers import BitsAndBytesConfig

    options["quantization_config"] = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
base = AutoModelForCausalLM.from_pretrained(job["base"], **options).to(device)
model = PeftModel.from_pretrained(base, job["start"], is_trainable=True)
model.train()
trained = [p for p in model.parameters() if p.requires_grad]
for p in trained:
    p.data = p.data.float()

rows = [json.loads(line) for line in Path(job["rows"]).read_text().splitlines()]
plan = json.loads(Path(job["plan"]).read_text())
optimizer = torch.optim.AdamW(
    trained, lr=s["lr"], betas=(s["beta1"], s["beta2"]), eps=s["epsilon"], weight_decay=s["weightDecay"]
)
average = [torch.zeros_like(p) for p in trained] if s["ema"] > 0 else None

# What an earlier run of the same job has put away.
saved, first = Path(job["checkpoint"]) / "state.pt", 0
if saved.exists():
    state = torch.load(saved, map_location=device, weights_only=True)
    first = state["step"]
    optimizer.load_state_dict(state["optimizer"])
    for p, value in zip(trained, state["trained"]):
        p.data.copy_(value)
    if average is not None:
        average = state["average"]


def save(step):
    if rank != 0:
        return
    state = {
        "step": step,
        "optimizer": optimizer.state_dict(),
        "trained": [p.data for p in trained],
        "average": average,
    }
    torch.save(state, saved.with_suffix(".new"))
    saved.with_suffix(".new").replace(saved)


# Asked to end, because the job waits or is over: what is done is put away within the ten seconds that are given.
ending = False


def end(*_):
    global ending
    ending = True


signal.signal(signal.SIGTERM, end)


def loss_of(row, count):
    """Sum over the row's labelled tokens, over the labelled tokens of the whole step."""
    ids, labels = torch.tensor([row["ids"]], device=device), torch.tensor([row["labels"]], device=device)
    logits = model(input_ids=ids).logits.float()
    return torch.nn.functional.cross_entropy(logits[0, :-1], labels[0, 1:], ignore_index=-100, reduction="sum") / count


for step, (taken, lr) in enumerate(zip(plan["rows"], plan["lr"])):
    if step < first:
        continue
    if ending:
        save(step)
        sys.exit(1)
    count = max(1, sum(1 for i in taken for label in rows[i]["labels"][1:] if label != -100))
    total = torch.zeros((), device=device)
    for i in taken[rank::world]:  # each process takes its share of the step's rows
        loss = loss_of(rows[i], count)
        loss.backward()
        total += loss.detach()
    if world > 1:
        dist.all_reduce(total)
        for p in trained:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
            dist.all_reduce(p.grad)
    if s["clip"] > 0:
        torch.nn.utils.clip_grad_norm_(trained, s["clip"])
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.step()
    optimizer.zero_grad()
    if average is not None:
        share = (1 - s["ema"]) / (1 - s["ema"] ** (step + 1))
        for a, p in zip(average, trained):
            a += share * (p.data - a)
    if rank == 0:
        print(json.dumps({"step": step + 1, "loss": total.item(), "lr": lr}), flush=True)
    if (step + 1) % 50 == 0:
        save(step + 1)

if rank == 0:
    if average is not None:
        for p, a in zip(trained, average):
            p.data.copy_(a)
    output = Path(job["output"])
    output.mkdir(parents=True, exist_ok=True)
    model.peft_config["default"].save_pretrained(output)
    tensors = {name: t.contiguous().cpu() for name, t in get_peft_model_state_dict(model).items()}
    save_file(tensors, output / "adapter_model.safetensors", metadata={"format": "pt"})
if world > 1:
    dist.destroy_process_group()
