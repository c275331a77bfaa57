using System.Text.Json;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>Reads a chat request, or says which member of it cannot be.</summary>
sealed class ReadChatRequest
{
    string? problem;

    /// <returns>The request, or the error that refuses it.</returns>
    public static (ChatRequest? Request, ErrorAnswer? Error) From(JsonElement body)
    {
        var reader = new ReadChatRequest();
        var request = reader.Read(body);
        return reader.problem is { } problem ? (null, ErrorAnswer.Invalid(problem)) : (request, null);
    }

    ChatRequest? Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object) return Refuse<ChatRequest>("The request body must be an object.");
        var messages = ReadMessages(body);
        var fallbacks = Texts(body, "models") ?? [];
        var model = Text(body, "model") ?? fallbacks.FirstOrDefault() ?? Refuse<string>("model: a model's slug is required.");
        if (problem is not null) return null;
        var format = Member(body, "response_format") is { ValueKind: JsonValueKind.Object } wanted ? wanted : default;
        var kind = format.ValueKind == JsonValueKind.Object ? Text(format, "type") : null;
        Number(body, "temperature", 0, 2);
        return new ChatRequest(model!, messages)
        {
            Fallbacks = [.. fallbacks.Where(m => m != model)],
            IsStreamed = Flag(body, "stream") ?? false,
            MaxTokens = (int?)Number(body, "max_completion_tokens", 1, int.MaxValue) ?? (int?)Number(body, "max_tokens", 1, int.MaxValue),
            Seed = (long?)Number(body, "seed", long.MinValue, long.MaxValue),
            Stop = ReadStop(body),
            Tools = Member(body, "tools") is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0 ? tools : null,
            ForcedTool = ReadForcedTool(body),
            IsJson = kind is "json_object" or "json_schema",
            Schema = kind == "json_schema" ? ReadSchema(format) : null,
            Reasoning = ReadReasoning(body),
            Provider = ReadProvider(body),
            WantsSearch = model!.EndsWith(":online", StringComparison.Ordinal) || HasWebPlugin(body),
            CacheControl = Mark(body),
            SessionId = Text(body, "session_id") is { Length: > 256 } ? Refuse<string>("session_id has at most 256 characters.") : Text(body, "session_id"),
            EndUser = Text(body, "user"),
        };
    }

    List<ChatMessage> ReadMessages(JsonElement body)
    {
        var messages = new List<ChatMessage>();
        if (Member(body, "messages") is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() == 0)
        {
            Refuse<object>("messages: an array of at least one message is required.");
            return messages;
        }
        foreach (var message in array.EnumerateArray())
        {
            var role = message.ValueKind == JsonValueKind.Object ? Text(message, "role") : null;
            if (role is "system" or "developer" or "user" or "assistant" or "tool") messages.Add(ReadMessage.From(message, role));
            else Refuse<object>($"messages[{messages.Count}].role must be system, developer, user, assistant or tool.");
        }
        return messages;
    }

    JsonElement? ReadSchema(JsonElement format) => Member(format, "json_schema") is { ValueKind: JsonValueKind.Object } named && Member(named, "schema") is { } schema
        ? schema : Refuse<JsonElement?>("response_format.json_schema.schema is required.");

    bool HasWebPlugin(JsonElement body) => Member(body, "plugins") is { ValueKind: JsonValueKind.Array } plugins
        && plugins.EnumerateArray().Any(p => p.ValueKind == JsonValueKind.Object && Text(p, "id") == "web");

    string[] ReadStop(JsonElement body)
    {
        string[] stop = Member(body, "stop") switch
        {
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } => Texts(body, "stop") ?? [],
            _ => [],
        };
        return stop.Length <= 4 ? stop : Refuse<string[]>("stop has at most 4 sequences.")!;
    }

    string? ReadForcedTool(JsonElement body) => Member(body, "tool_choice") switch
    {
        { ValueKind: JsonValueKind.String } word => word.GetString() == "required" ? "" : null,
        { ValueKind: JsonValueKind.Object } named => Member(named, "function") is { ValueKind: JsonValueKind.Object } function ? Text(function, "name") : null,
        _ => null,
    };

    ReasoningWish ReadReasoning(JsonElement body)
    {
        var effort = Text(body, "reasoning_effort");
        if (Member(body, "reasoning") is not { ValueKind: JsonValueKind.Object } reasoning) return new ReasoningWish(effort is null ? null : effort != "none", effort);
        effort = Text(reasoning, "effort") ?? effort;
        var most = (int?)Number(reasoning, "max_tokens", 0, int.MaxValue);
        var isOn = Flag(reasoning, "enabled") ?? (effort is null && most is null ? null : effort != "none");
        return new ReasoningWish(isOn, effort, most, Flag(reasoning, "exclude") ?? false);
    }

    ProviderWish ReadProvider(JsonElement body)
    {
        if (Member(body, "provider") is not { ValueKind: JsonValueKind.Object } provider) return new ProviderWish();
        var most = Member(provider, "max_price") is { ValueKind: JsonValueKind.Object } prices ? prices : default;
        decimal? Price(string name) => most.ValueKind == JsonValueKind.Object ? (decimal?)Number(most, name, 0, 1_000_000) : null;
        return new ProviderWish(Price("prompt"), Price("completion"), Price("request"), Texts(provider, "only"), Texts(provider, "ignore"), Price("image"));
    }

    internal static CacheMark? Mark(JsonElement element) => Member(element, "cache_control") is { ValueKind: JsonValueKind.Object } control
        ? new CacheMark(Member(control, "ttl") is { ValueKind: JsonValueKind.String } ttl && ttl.ValueEquals("1h")) : null;

    /// <returns>Null when it is missing or null.</returns>
    internal static JsonElement? Member(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    string? Text(JsonElement element, string name) => Member(element, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => Refuse<string>($"{name} must be a text."),
    };

    bool? Flag(JsonElement element, string name) => Member(element, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => Refuse<bool?>($"{name} must be true or false."),
    };

    double? Number(JsonElement element, string name, double least, double most) => Member(element, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number when number.GetDouble() is var value && value >= least && value <= most => value,
        _ => Refuse<double?>($"{name} must be a number from {least} to {most}."),
    };

    string[]? Texts(JsonElement element, string name) => Member(element, name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } array when array.EnumerateArray().All(t => t.ValueKind == JsonValueKind.String) => [.. array.EnumerateArray().Select(t => t.GetString()!)],
        _ => Refuse<string[]>($"{name} must be an array of texts."),
    };

    T? Refuse<T>(string because)
    {
        problem ??= because;
        return default;
    }
}
