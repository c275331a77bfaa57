using System.Globalization;
using System.Text.Json;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Control;

/// <summary>The emulator's own books: every call, and their sum to the last digit. Money is text here, so that no reader rounds it.</summary>
sealed class LedgerApi(EmulatorParts parts)
{
    const int UsualPage = 1000, MostOnAPage = 10_000;

    /// <summary><c>?from=NUMBER&amp;limit=N</c>.</summary>
    public Task ListAsync(HttpContext context)
    {
        var from = long.TryParse(context.Request.Query["from"], CultureInfo.InvariantCulture, out var number) ? number : 1;
        var limit = int.TryParse(context.Request.Query["limit"], CultureInfo.InvariantCulture, out var wanted) ? Math.Clamp(wanted, 0, MostOnAPage) : UsualPage;
        return context.SendJsonAsync(json =>
        {
            json.WriteStartObject();
            WriteSums(json, parts.Ledger);
            json.WriteStartArray("entries");
            foreach (var entry in parts.Ledger.From(from).Take(limit)) Write(json, entry);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public Task OneAsync(HttpContext context) => parts.Ledger.Find($"{context.Request.RouteValues["id"]}") is { } entry
        ? context.SendJsonAsync(json => Write(json, entry)) : context.SendErrorAsync(new ErrorAnswer(404, "not_found", "There is no such call."), default);

    public static void WriteSums(Utf8JsonWriter json, Ledger ledger)
    {
        json.WriteNumber("calls", ledger.Calls);
        json.WriteNumber("running", ledger.Running);
        json.WriteNumber("failed", ledger.Failed);
        json.WriteNumber("cancelled", ledger.Cancelled);
        json.WriteString("total_usd", Text(ledger.TotalUsd));
        json.WriteString("total_nanodollars", Text(ledger.TotalNanodollars));
        json.WriteString("total_upstream_usd", Text(ledger.TotalUpstreamUsd));
    }

    static void Write(Utf8JsonWriter json, LedgerEntry entry)
    {
        json.WriteStartObject();
        json.WriteNumber("number", entry.Number);
        json.WriteString("id", entry.GenerationId);
        json.WriteString("request_key", entry.RequestKey);
        json.WriteString("requested_model", entry.RequestedModel);
        json.WriteString("started_at", entry.StartedAt);
        json.WriteBoolean("streamed", entry.IsStreamed);
        json.WriteBoolean("running", entry.Outcome is null);
        if (entry.Outcome is { } outcome) Write(json, outcome);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, CallOutcome outcome)
    {
        json.WriteString("ended_at", outcome.EndedAt);
        json.WriteString("api", outcome.Api);
        json.WriteString("model", outcome.Model);
        json.WriteString("provider", outcome.Provider);
        json.WriteNumber("status", outcome.Status);
        json.WriteString("finish_reason", outcome.FinishReason);
        json.WriteString("fault", outcome.Fault);
        json.WriteBoolean("cancelled", outcome.IsCancelled);
        json.WriteBoolean("byok", outcome.IsByok);
        json.WriteNumber("prompt_tokens", outcome.Tokens.Prompt);
        json.WriteNumber("cached_tokens", outcome.Tokens.Cached);
        json.WriteNumber("cache_write_tokens", outcome.Tokens.CacheWrite);
        json.WriteNumber("completion_tokens", outcome.Tokens.Completion);
        json.WriteNumber("reasoning_tokens", outcome.Tokens.Reasoning);
        json.WriteNumber("images", outcome.Tokens.Images);
        json.WriteNumber("searches", outcome.Tokens.Searches);
        json.WriteString("cost_usd", Text(outcome.CostUsd));
        json.WriteString("upstream_usd", Text(outcome.UpstreamUsd));
    }

    static string Text(decimal money) => money.ToString("0.############################", CultureInfo.InvariantCulture);
}
