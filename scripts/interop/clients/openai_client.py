# The official Python client: a list, an answer, a stream, an object, and a refusal by the name of the field.
import json
import os

from openai import BadRequestError, OpenAI

client = OpenAI(base_url=os.environ["TILTH_URL"], api_key=os.environ["TILTH_KEY"])
model = os.environ["TILTH_MODEL"]
asked = {
    "model": model,
    "messages": [{"role": "user", "content": "What is the symbol of iron?"}],
    "max_tokens": 8,
    "temperature": 0,
}
assert any(one.id == model for one in client.models.list())
assert client.models.retrieve(model).id == model
whole = client.chat.completions.create(**asked)
assert whole.usage.completion_tokens > 0
text = "".join(
    chunk.choices[0].delta.content or ""
    for chunk in client.chat.completions.create(**asked, stream=True)
    if chunk.choices
)
assert text == whole.choices[0].message.content, (text, whole)
form = {"type": "json_object"}
held = client.chat.completions.create(**{**asked, "max_tokens": 40}, response_format=form)
assert isinstance(json.loads(held.choices[0].message.content), dict), held
try:
    client.chat.completions.create(**asked, presence_penalty=1)
    raise AssertionError("a penalty was promised")
except BadRequestError as error:
    assert error.param == "presence_penalty", error
