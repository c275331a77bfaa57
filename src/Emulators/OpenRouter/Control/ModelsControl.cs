using System.Globalization;
using System.Text.Json;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Chat;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Control;

/// <summary>Changes the catalog while the emulator runs: another price, a new model, one that is gone.</summary>
sealed class ModelsControl(EmulatorParts parts)
{
    /// <summary>A body like an item of <c>/models</c>; what it leaves out stays. A model that is not there is made, and then needs its prices and context.</summary>
    public async Task ChangeAsync(HttpContext context)
    {
        var (document, error) = await context.Request.ReadJsonAsync(context.RequestAborted);
        using (document)
        {
            if (error is not null) await ControlApi.RefuseAsync(context, error.Message);
            else await ControlApi.TryAsync(context, () => parts.Catalog.Put(Read(document!.RootElement, Id(context))));
        }
    }

    public Task RemoveAsync(HttpContext context) =>
        parts.Catalog.Remove(Id(context)) ? ControlApi.DoneAsync(context) : context.SendErrorAsync(new ErrorAnswer(404, "not_found", "There is no such model."), default);

    CatalogModel Read(JsonElement body, string id)
    {
        if (body.ValueKind != JsonValueKind.Object) throw new FormatException("The body must be an object.");
        foreach (var member in body.EnumerateObject())
            if (member.Name is not ("name" or "context_length" or "pricing" or "expiration_date" or "provider"))
                throw new FormatException($"{member.Name} cannot be changed; name, context_length, pricing, expiration_date and provider can.");
        var model = parts.Catalog.Find(id) ?? New(body, id);
        return model with
        {
            Name = Text(body, "name") ?? model.Name,
            Provider = Text(body, "provider") ?? model.Provider,
            ContextLength = ReadChatRequest.Member(body, "context_length")?.GetInt32() ?? model.ContextLength,
            Pricing = ReadChatRequest.Member(body, "pricing") is { } pricing ? PricingJson.Read(pricing, model.Pricing) : model.Pricing,
            ExpiresOn = body.TryGetProperty("expiration_date", out var expires)
                ? expires.ValueKind == JsonValueKind.Null ? null : DateOnly.ParseExact(expires.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture) : model.ExpiresOn,
        };
    }

    static CatalogModel New(JsonElement body, string id) =>
        ReadChatRequest.Member(body, "context_length") is { } context && ReadChatRequest.Member(body, "pricing") is { } pricing
            && pricing.TryGetProperty("prompt", out _) && pricing.TryGetProperty("completion", out _)
            ? new CatalogModel(id, id, context.GetInt32(), Pricing.Free)
            : throw new FormatException($"There is no model {id}; a new one needs context_length, pricing.prompt and pricing.completion.");

    static string? Text(JsonElement body, string name) => ReadChatRequest.Member(body, name)?.GetString();

    static string Id(HttpContext context) => $"{context.Request.RouteValues["author"]}/{context.Request.RouteValues["slug"]}";
}
