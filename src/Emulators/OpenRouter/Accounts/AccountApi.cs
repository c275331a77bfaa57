using System.Globalization;
using System.Text.Json;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Accounts;

/// <summary>What a key may know of its money: <c>/key</c>, <c>/credits</c>, <c>/activity</c>.</summary>
sealed class AccountApi(EmulatorParts parts)
{
    public (ReadOnlyMemory<byte> Json, ErrorAnswer? Error) Key(HttpContext context) => WithKey(context, needsManagement: false, (json, account) =>
    {
        var (key, now) = (account.Key, parts.Now);
        json.WriteStartObject();
        json.WriteString("label", key.Label);
        json.WriteMoney("limit", key.LimitUsd);
        json.WriteString("limit_reset", key.LimitReset);
        json.WriteMoney("limit_remaining", account.LeftUsd(now) is { } leftUsd ? Math.Max(0, leftUsd) : null);
        json.WriteBoolean("include_byok_in_limit", false);
        foreach (var (suffix, window) in new[] { ("", (string?)null), ("_daily", "daily"), ("_weekly", "weekly"), ("_monthly", "monthly") })
        {
            json.WriteMoney($"usage{suffix}", account.UsedUsd(window, now));
            json.WriteMoney($"byok_usage{suffix}", account.UsedUsd(window, now, isByok: true));
        }
        json.WriteBoolean("is_free_tier", false);
        json.WriteBoolean("is_management_key", key.IsManagement);
        json.WriteBoolean("is_provisioning_key", key.IsManagement);
        json.WriteNull("expires_at");
        json.WriteNull("creator_user_id");
        json.WriteNull("organization_id");
        json.WriteNull("workspace_id");
        json.WriteTexts("allowed_data_regions", ["global"]);
        json.WriteStartObject("free_model_daily_requests");
        json.WriteNumber("limit", 1000);
        json.WriteNumber("remaining", 1000);
        json.WriteNumber("used", 0);
        json.WriteEndObject();
        json.WriteStartObject("rate_limit");
        json.WriteNumber("requests", -1);
        json.WriteString("interval", "10s");
        json.WriteString("note", "This field is deprecated and safe to ignore.");
        json.WriteEndObject();
        json.WriteEndObject();
    });

    public (ReadOnlyMemory<byte> Json, ErrorAnswer? Error) Credits(HttpContext context) => WithKey(context, needsManagement: true, (json, _) =>
    {
        json.WriteStartObject();
        json.WriteMoney("total_credits", parts.Keys.CreditsUsd);
        json.WriteMoney("total_usage", parts.Ledger.TotalUsd);
        json.WriteEndObject();
    });

    public (ReadOnlyMemory<byte> Json, ErrorAnswer? Error) Activity(HttpContext context)
    {
        var today = DateOnly.FromDateTime(parts.Now.UtcDateTime);
        DateOnly? only = null;
        if (context.Request.Query["date"] is [{ Length: > 0 } text])
        {
            if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) || day >= today || day < today.AddDays(-30))
                return (default, ErrorAnswer.Invalid("Date must be within the last 30 (completed) UTC days"));
            only = day;
        }
        return WithKey(context, needsManagement: true, (json, _) =>
        {
            json.WriteStartArray();
            foreach (var row in parts.Activity.Completed(today).Where(r => only is null || r.Day == only)) Write(json, row);
            json.WriteEndArray();
        });
    }

    static void Write(Utf8JsonWriter json, ActivityRow row)
    {
        json.WriteStartObject();
        json.WriteString("date", row.Day.ToString("yyyy-MM-dd", null));
        json.WriteString("model", row.Model);
        json.WriteString("model_permaslug", row.Permaslug);
        json.WriteString("endpoint_id", $"{row.Permaslug}@{row.Provider}");
        json.WriteString("provider_name", row.Provider);
        json.WriteMoney("usage", row.Cost.Value);
        json.WriteMoney("byok_usage_inference", row.Upstream.Value);
        json.WriteNumber("requests", row.Requests);
        json.WriteNumber("prompt_tokens", row.PromptTokens);
        json.WriteNumber("completion_tokens", row.CompletionTokens);
        json.WriteNumber("reasoning_tokens", row.ReasoningTokens);
        json.WriteEndObject();
    }

    (ReadOnlyMemory<byte>, ErrorAnswer?) WithKey(HttpContext context, bool needsManagement, Action<Utf8JsonWriter, KeyAccount> write)
    {
        var (account, error) = parts.Keys.Of(context.Request);
        if (error is null && needsManagement && !account!.Key.IsManagement) error = new ErrorAnswer(403, "permission_denied", "Only management keys can do this.");
        return error is not null ? (default, error) : (JsonForm.Write(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("data");
            write(json, account!);
            json.WriteEndObject();
        }).WrittenMemory, null);
    }
}
