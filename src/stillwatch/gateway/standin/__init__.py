"""A stand-in model behind the demo and the tests: OpenAI's and Anthropic's shapes, without a model."""
