using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Chat;
using Emulators.OpenRouter.Control;
using Emulators.OpenRouter.Embeddings;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Emulators.OpenRouter;

/// <summary>Which path is answered by what.</summary>
sealed class EmulatorRoutes(EmulatorParts parts)
{
    const string Base = "/api/v1";

    public void Map(IEndpointRouteBuilder app)
    {
        var models = new ModelsApi(parts);
        var account = new AccountApi(parts);
        app.MapPost($"{Base}/chat/completions", (RequestDelegate)new AnswerChat(parts).RunAsync);
        app.MapPost($"{Base}/embeddings", (RequestDelegate)new AnswerEmbeddings(parts).RunAsync);
        Get(app, "/models", context => (models.List(context), null));
        Get(app, "/models/count", context => (models.Count(context), null));
        Get(app, "/model/{author}/{slug}", context => Found(models.One(context)));
        Get(app, "/models/{author}/{slug}/endpoints", context => Found(models.Endpoints(context)));
        Get(app, "/providers", context => (models.Providers(context), null));
        Get(app, "/key", account.Key);
        Get(app, "/credits", account.Credits);
        Get(app, "/activity", account.Activity);
        Get(app, "/generation", new GenerationApi(parts).One);
        if (parts.Options.HasControl) new ControlApi(parts).Map(app);
        app.MapFallback((RequestDelegate)(context => context.SendErrorAsync(new ErrorAnswer(404, "not_found", "Not Found"), parts.Now)));
    }

    void Get(IEndpointRouteBuilder app, string path, Func<HttpContext, (ReadOnlyMemory<byte> Json, ErrorAnswer? Error)> answer) =>
        app.MapGet(Base + path, (RequestDelegate)(context => AnswerAsync(context, answer)));

    async Task AnswerAsync(HttpContext context, Func<HttpContext, (ReadOnlyMemory<byte> Json, ErrorAnswer? Error)> answer)
    {
        try
        {
            var trouble = parts.Faults.For(new Asked(context.Request.Path, IsWork: false), null);
            if (trouble.ClockOff != TimeSpan.Zero) context.Response.Headers.Date = (parts.Now + trouble.ClockOff).ToString("R", null);
            if (trouble.Refusal is not null) await context.SendErrorAsync(trouble.Refusal, parts.Now);
            else if (!await FaultyBody.ReplaceAsync(context, trouble))
            {
                await FaultyBody.OpenAsync(context, trouble, parts.Options.Time);
                if (trouble.FirstTokenAfter > TimeSpan.Zero) await Task.Delay(trouble.FirstTokenAfter, parts.Options.Time, context.RequestAborted);
                var (json, error) = answer(context);
                if (error is not null) await context.SendErrorAsync(error, parts.Now);
                else await FaultyBody.SendAsync(context, trouble, json, parts.Options.Time);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // the caller has left
        }
    }

    static (ReadOnlyMemory<byte>, ErrorAnswer?) Found(ReadOnlyMemory<byte>? json) =>
        json is { } found ? (found, null) : (default, new ErrorAnswer(404, "not_found", "Model not found"));
}
