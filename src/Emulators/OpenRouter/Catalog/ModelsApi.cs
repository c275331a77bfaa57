using System.Text.Json;
using Emulators.OpenRouter.Chat;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Catalog;

/// <summary>What can be asked: <c>/models</c>, one model, its endpoints, the providers. Anybody may look.</summary>
sealed class ModelsApi(EmulatorParts parts)
{
    public ReadOnlyMemory<byte> List(HttpContext context)
    {
        if (context.Request.Query.Count == 0) return parts.Catalog.DefaultList;
        var (page, total, next) = ModelList.Choose(parts.Catalog.All, context.Request.Query, context.Request.Path);
        return JsonForm.Write(json => ModelList.Write(json, page, total, next)).WrittenMemory;
    }

    public ReadOnlyMemory<byte> Count(HttpContext context)
    {
        var count = ModelList.Filter(parts.Catalog.All, context.Request.Query).Count();
        return Data(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("count", count);
            json.WriteEndObject();
        });
    }

    /// <returns>Null when there is no such model.</returns>
    public ReadOnlyMemory<byte>? One(HttpContext context) => Named(context) is { } model ? Data(json => json.Write(model)) : null;

    public ReadOnlyMemory<byte>? Endpoints(HttpContext context)
    {
        if (Named(context) is not { } model) return null;
        var hasKey = context.Request.Headers.Authorization.Count > 0;
        return Data(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", model.Id);
            json.WriteString("name", model.Name);
            json.WriteNumber("created", ModelJson.Seconds(model.CreatedOn));
            json.WriteString("description", $"{model.Name}, as the emulator plays it.");
            ModelJson.WriteArchitecture(json, model);
            json.WriteStartArray("endpoints");
            EndpointJson.Write(json, model, hasKey);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public ReadOnlyMemory<byte> Providers(HttpContext context) => Data(json =>
    {
        json.WriteStartArray();
        foreach (var name in parts.Catalog.All.Select(m => m.Provider).Distinct().Order(StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("slug", Eligible.ProviderSlug(name));
            json.WriteNull("privacy_policy_url");
            json.WriteNull("terms_of_service_url");
            json.WriteNull("status_page_url");
            json.WriteNull("headquarters");
            json.WriteNull("datacenters");
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    CatalogModel? Named(HttpContext context) => parts.Catalog.Find($"{context.Request.RouteValues["author"]}/{context.Request.RouteValues["slug"]}");

    static ReadOnlyMemory<byte> Data(Action<Utf8JsonWriter> write) => JsonForm.Write(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("data");
        write(json);
        json.WriteEndObject();
    }).WrittenMemory;
}
