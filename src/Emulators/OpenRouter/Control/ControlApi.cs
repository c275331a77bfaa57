using System.Text.Json;
using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Emulators.OpenRouter.Control;

/// <summary><c>/emulator/…</c>: what the real service does not have. It steers the emulator while it runs and reads its ledger.</summary>
sealed class ControlApi(EmulatorParts parts)
{
    /// <summary>What <c>{"percent": 20}</c> is shared among.</summary>
    static readonly string[] UsualChaos =
    [
        "429", "429-provider", "500", "502", "503", "529", "error-mid", "error-choice", "error-first", "usage-missing", "no-done", "cut-reset", "cut-close", "malformed-frame", "html",
    ];

    public void Map(IEndpointRouteBuilder app)
    {
        var ledger = new LedgerApi(parts);
        var models = new ModelsControl(parts);
        app.MapGet("/emulator", (RequestDelegate)ShowAsync);
        app.MapGet("/emulator/ledger", (RequestDelegate)ledger.ListAsync);
        app.MapGet("/emulator/ledger/{id}", (RequestDelegate)ledger.OneAsync);
        app.MapGet("/emulator/faults", (RequestDelegate)FaultsAsync);
        app.MapPost("/emulator/faults", (RequestDelegate)AddFaultAsync);
        app.MapDelete("/emulator/faults", (RequestDelegate)ClearFaultsAsync);
        app.MapPost("/emulator/chaos", (RequestDelegate)SetChaosAsync);
        app.MapDelete("/emulator/chaos", (RequestDelegate)EndChaosAsync);
        app.MapGet("/emulator/rules", (RequestDelegate)RulesAsync);
        app.MapPut("/emulator/rules", (RequestDelegate)ReplaceRulesAsync);
        app.MapPut("/emulator/keys", (RequestDelegate)PutKeyAsync);
        app.MapDelete("/emulator/keys", (RequestDelegate)RemoveKeyAsync);
        app.MapPut("/emulator/credits", (RequestDelegate)SetCreditsAsync);
        app.MapMethods("/emulator/models/{author}/{slug}", ["PATCH"], models.ChangeAsync);
        app.MapDelete("/emulator/models/{author}/{slug}", (RequestDelegate)models.RemoveAsync);
    }

    Task ShowAsync(HttpContext context) => context.SendJsonAsync(json =>
    {
        json.WriteStartObject();
        json.WriteString("emulates", "openrouter");
        json.WriteString("base_url", $"{context.Request.Scheme}://{context.Request.Host}/api/v1");
        LedgerApi.WriteSums(json, parts.Ledger);
        json.WriteNumber("models", parts.Catalog.All.Count);
        json.WriteNumber("rules", parts.Rules.All.Count);
        json.WriteNumber("faults", parts.Faults.Rules.Count);
        json.WriteEndObject();
    });

    Task FaultsAsync(HttpContext context) => context.SendJsonAsync(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("rules");
        JsonSerializer.Serialize(json, parts.Faults.Rules, StrictJson.Options);
        if (parts.Faults.Chaos is { } chaos)
        {
            json.WriteStartObject("chaos");
            json.WriteNumber("seed", chaos.Seed);
            json.WritePropertyName("percent");
            JsonSerializer.Serialize(json, chaos.Percent, StrictJson.Options);
            json.WriteEndObject();
        }
        json.WriteStartObject("kinds");
        foreach (var kind in FaultKind.All) json.WriteString(kind.Name, kind.Says);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    Task AddFaultAsync(HttpContext context) => ChangeAsync<FaultRule>(context, parts.Faults.Add);

    Task ClearFaultsAsync(HttpContext context)
    {
        parts.Faults.Clear();
        return DoneAsync(context);
    }

    Task SetChaosAsync(HttpContext context) => ChangeAsync<ChaosWish>(context, wish => parts.Faults.SetChaos(wish.Seed, wish.Percent.ValueKind == JsonValueKind.Number
        ? UsualChaos.ToDictionary(name => name, _ => wish.Percent.GetDouble() / UsualChaos.Length)
        : wish.Percent.Deserialize<Dictionary<string, double>>(StrictJson.Options) ?? []));

    Task EndChaosAsync(HttpContext context)
    {
        parts.Faults.EndChaos();
        return DoneAsync(context);
    }

    Task RulesAsync(HttpContext context) => context.SendJsonAsync(json => JsonSerializer.Serialize(json, parts.Rules.All, StrictJson.Options));

    async Task ReplaceRulesAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        await TryAsync(context, () => parts.Rules.Replace(ReadRules.From(text)));
    }

    Task PutKeyAsync(HttpContext context) => ChangeAsync<EmulatedKey>(context, parts.Keys.Put);

    Task RemoveKeyAsync(HttpContext context) => ChangeAsync<EmulatedKey>(context, key => parts.Keys.Remove(key.Key));

    Task SetCreditsAsync(HttpContext context) => ChangeAsync<CreditsWish>(context, wish => parts.Keys.CreditsUsd = wish.CreditsUsd);

    static async Task ChangeAsync<T>(HttpContext context, Action<T> change)
    {
        var (document, error) = await context.Request.ReadJsonAsync(context.RequestAborted);
        using (document)
        {
            if (error is not null) await RefuseAsync(context, error.Message);
            else await TryAsync(context, () => change(document!.Deserialize<T>(StrictJson.Options) ?? throw new FormatException("The body must be an object.")));
        }
    }

    internal static async Task TryAsync(HttpContext context, Action change)
    {
        try
        {
            change();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or JsonException or InvalidOperationException or OverflowException)
        {
            await RefuseAsync(context, e.Message);
            return;
        }
        await DoneAsync(context);
    }

    internal static Task RefuseAsync(HttpContext context, string because) => context.SendErrorAsync(ErrorAnswer.Invalid(because), default);

    internal static Task DoneAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <param name="Percent">Of each fault by its name; or a number, which a usual mixture shares.</param>
    sealed record ChaosWish(JsonElement Percent, long Seed = 1);

    sealed record CreditsWish(decimal CreditsUsd);
}
