//! Keys of services for language models.

use crate::redact::rule::{Rule, token};
use crate::redact::shape::{has_digit, is_mixed};

/// The rules.
pub static RULES: &[Rule] = &[
    token(
        "anthropic-key",
        "Anthropic API, admin or OAuth key",
        &["sk-ant-"],
        r"\Ask-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,}",
    ),
    token("openrouter-key", "OpenRouter API key", &["sk-or-v1-"], r"\Ask-or-v1-[0-9a-f]{64}"),
    token(
        "langfuse-key",
        "Langfuse secret key",
        &["sk-lf-"],
        r"\Ask-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token(
        "openai-key",
        "OpenAI API key, or one of a service with the same form",
        &["sk-"],
        r"\Ask-(?:(?:proj|svcacct|service|admin|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})",
    )
    .only_if(has_digit),
    token("groq-key", "Groq API key", &["gsk_"], r"\Agsk_[A-Za-z0-9]{40,}"),
    token("xai-key", "xAI API key", &["xai-"], r"\Axai-[A-Za-z0-9]{60,}"),
    token("perplexity-key", "Perplexity API key", &["pplx-"], r"\Applx-[A-Za-z0-9]{40,}"),
    token("replicate-token", "Replicate API token", &["r8_"], r"\Ar8_[A-Za-z0-9]{37,}"),
    token(
        "huggingface-token",
        "Hugging Face user or organisation token",
        &["hf_", "api_org_"],
        r"\A(?:hf|api_org)_[A-Za-z0-9]{30,}",
    ),
    token("nvidia-key", "NVIDIA API key", &["nvapi-"], r"\Anvapi-[A-Za-z0-9_-]{50,}"),
    token("cerebras-key", "Cerebras API key", &["csk-"], r"\Acsk-[a-z0-9]{40,}"),
    token("fireworks-key", "Fireworks API key", &["fw_"], r"\Afw_[A-Za-z0-9]{22,}")
        .only_if(is_mixed),
    token("tavily-key", "Tavily API key", &["tvly-"], r"\Atvly-[A-Za-z0-9_-]{24,}"),
    token("firecrawl-key", "Firecrawl API key", &["fc-"], r"\Afc-[0-9a-f]{32}"),
    token("pinecone-key", "Pinecone API key", &["pcsk_"], r"\Apcsk_[A-Za-z0-9_]{50,}"),
    token(
        "langsmith-key",
        "LangSmith API key",
        &["lsv2_"],
        r"\Alsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
    ),
    token("elevenlabs-key", "ElevenLabs API key", &["sk_"], r"\Ask_[0-9a-f]{48}"),
    token("e2b-key", "E2B API key", &["e2b_"], r"\Ae2b_[0-9a-f]{40}"),
    token("cursor-key", "Cursor API key", &["crsr_", "key_"], r"\A(?:crsr|key)_[0-9a-f]{64}"),
];
