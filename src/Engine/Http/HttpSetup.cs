using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Engine.Http;

public static class HttpSetup
{
    const string CorsPolicy = "configured";

    public static void AddHttp(this WebApplicationBuilder builder, HttpSettings settings)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = settings.MaxConnections;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            foreach (var address in settings.Listen) kestrel.Listen(HttpSettings.Endpoint(address)!);
        });
        var services = builder.Services;
        services.ConfigureHttpJsonOptions(json => EngineJson.Apply(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddProblemDetails(problems => problems.CustomizeProblemDetails = context =>
            context.ProblemDetails.Extensions["trace_id"] = Activity.Current?.TraceId.ToString());
        services.AddExceptionHandler<ErrorAnswers>();
        services.AddSingleton<Idempotency>();
        services.AddSingleton<ForgetOldAnswers>();
        services.AddOpenApi("v1", Describe);
        services.AddCors(cors => cors.AddPolicy(CorsPolicy, policy => policy.WithOrigins([.. settings.CorsOrigins])
            .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE").WithHeaders("Authorization", "Content-Type", "If-Match", "Idempotency-Key").WithExposedHeaders("ETag")));
        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            forwarded.ForwardLimit = null; // as many hops as are trusted
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in settings.TrustedProxies)
                if (IPAddress.TryParse(proxy, out var address)) forwarded.KnownProxies.Add(address);
                else forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
        });
    }

    public static void UseHttp(this WebApplication app, HttpSettings settings)
    {
        if (settings.TrustedProxies.Count > 0) app.UseForwardedHeaders();
        app.UseSecurityHeaders();
        app.UseExceptionHandler();
        app.UseStatusCodePages(ErrorAnswers.OfStatusAsync);
        app.UseRouting();
        if (settings.CorsOrigins.Count > 0) app.UseCors(CorsPolicy);
    }

    /// <returns>Method and path as one word: <c>get_api_schedules_name_fires</c>.</returns>
    static string OperationId(ApiDescription description) => string.Join('_', [
        description.HttpMethod!.ToLowerInvariant(),
        .. description.RelativePath!.Split('/', '{', '}', '-', '.').Select(part => part.TrimStart('*').Split(':')[0]).Where(part => part.Length > 0)]);

    static void Describe(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddOperationTransformer((operation, context, _) =>
        {
            operation.OperationId ??= OperationId(context.Description);
            (operation.Responses ??= []).TryAdd("default", new OpenApiResponse
            {
                Description = "A refusal or a failure: `code` is stable, `detail` is for people.",
                Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() },
            });
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Autonomy Engine", Version = "v1" };
            document.Servers?.Clear(); // the address of this process says nothing about another's
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] }];
            return Task.CompletedTask;
        });
    }
}
