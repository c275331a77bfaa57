using System.Buffers;
using System.Text.Json;
using Routing.Catalog;

namespace Routing.Calls;

/// <summary>Calls as JSON, a list of records: the form in which one parameter carries any number of rows, their arrays included.</summary>
static class LedgerRows
{
    const int MostError = 2000, MostName = 300, MostOwner = 200, MostShort = 100; // as the table has them

    public static string Opened(IEnumerable<Opening> openings) => Write(openings, static (json, opening) =>
    {
        var (call, origin) = (opening.Call, opening.Call.Origin);
        json.WriteString("selection_id", call.SelectionId);
        json.WriteString("request_id", origin.RequestId);
        json.WriteNumber("attempt", call.Attempt);
        if (origin.TaskId is { } task) json.WriteString("task_id", task);
        if (origin.TaskEpoch is { } epoch) json.WriteNumber("task_epoch", epoch);
        Text(json, "task_kind", origin.TaskKind, MostOwner);
        Text(json, "tenant", origin.Tenant, MostOwner);
        Text(json, "worker", origin.Worker, MostOwner);
        Text(json, "policy", call.Policy, MostOwner);
        json.WriteNumber("policy_version", call.PolicyVersion);
        Text(json, "provider", call.Provider, MostOwner);
        Text(json, "model", call.Model, MostName);
        Texts(json, "reasons", call.Reasons);
        json.WritePropertyName("price");
        call.PriceJson.WriteTo(json);
        json.WriteNumber("max_tokens", call.MaxTokens);
        json.WriteBoolean("is_streamed", call.IsStreamed);
        json.WriteNumber("estimated_usd", call.EstimatedUsd);
        json.WriteNumber("hold_usd", call.Hold.Usd);
        json.WriteStartArray("budget_ids");
        foreach (var window in opening.Windows) json.WriteStringValue(window.BudgetId);
        json.WriteEndArray();
        Texts(json, "window_keys", opening.Windows.Select(w => w.Key));
    });

    public static string Closed(IEnumerable<Closing> closings) => Write(closings, static (json, closing) => End(json, closing.Call.SelectionId, closing.End, closing.CostUsd));

    /// <summary>How a call went, whatever its row says so far.</summary>
    public static string Ended(IEnumerable<(Guid SelectionId, CallEnd End)> ends) =>
        Write(ends, static (json, e) => End(json, e.SelectionId, e.End, decimal.Round(e.End.CostUsd, 12)));

    /// <summary>What providers tell of calls that have ended.</summary>
    public static string Settled(IEnumerable<SettledCall> calls) => Write(calls, static (json, call) =>
    {
        var told = call.Generation;
        json.WriteString("selection_id", call.SelectionId);
        json.WriteBoolean("is_estimated", false);
        json.WriteNumber("cost_usd", decimal.Round(told.CostUsd, 12));
        Text(json, "served_model", told.Model, MostName);
        Text(json, "served_by", told.ServedBy, MostOwner);
        Text(json, "finish_reason", told.FinishReason, MostShort);
        Tokens(json, told.Usage);
    });

    static void End(Utf8JsonWriter json, Guid selectionId, CallEnd end, decimal costUsd)
    {
        json.WriteString("selection_id", selectionId);
        json.WriteString("outcome", end.Outcome);
        json.WriteBoolean("is_estimated", end.IsEstimated);
        json.WriteNumber("cost_usd", costUsd);
        json.WriteNumber("latency_ms", end.Latency.TotalMilliseconds);
        if (end.FirstToken is { } first) json.WriteNumber("first_token_ms", first.TotalMilliseconds);
        Text(json, "error_kind", end.ErrorKind, MostShort);
        Text(json, "error", end.Error, MostError);
        if (end.HttpStatus is { } status) json.WriteNumber("http_status", status);
        Text(json, "generation_id", end.GenerationId, MostName);
        Text(json, "served_model", end.ServedModel, MostName);
        Text(json, "served_by", end.ServedBy, MostOwner);
        Text(json, "finish_reason", end.FinishReason, MostShort);
        Tokens(json, end.Usage);
    }

    static void Tokens(Utf8JsonWriter json, TokenUsage usage)
    {
        json.WriteNumber("prompt_tokens", usage.PromptTokens);
        json.WriteNumber("completion_tokens", usage.CompletionTokens);
        json.WriteNumber("cached_tokens", usage.CachedTokens);
        json.WriteNumber("cache_write_tokens", usage.CacheWriteTokens + usage.CacheWrite1hTokens);
        json.WriteNumber("reasoning_tokens", usage.ReasoningTokens);
    }

    /// <summary>A tenant, a worker or the like, as rows and windows name it.</summary>
    public static string Owner(string name) => Storable(name, MostOwner);

    /// <summary>A provider's name for a call.</summary>
    public static string Generation(string id) => Storable(id, MostName);

    static string Write<T>(IEnumerable<T> rows, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartArray();
        foreach (var row in rows)
        {
            json.WriteStartObject();
            write(json, row);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    static void Texts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(Storable(text, MostError));
        json.WriteEndArray();
    }

    static void Text(Utf8JsonWriter json, string name, string? text, int most)
    {
        if (text is not null) json.WriteString(name, Storable(text, most));
    }

    /// <summary>What other systems say may be long, and hold the one character that PostgreSQL does not.</summary>
    static string Storable(string text, int most) => (text.Length <= most ? text : text[..most]).Replace('\0', '\u2400');
}
