# The official Python client: a list, an answer, a stream, and a refusal by the name of the field.
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
try:
    client.chat.completions.create(**asked, response_format={"type": "json_object"})
    raise AssertionError("a form of an answer was promised")
except BadRequestError as error:
    assert error.param == "response_format", error
