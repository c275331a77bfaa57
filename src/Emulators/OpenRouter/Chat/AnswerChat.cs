using System.Text.Json;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Chat;

/// <summary><c>POST /api/v1/chat/completions</c>: from the first byte of a request to its entry in the ledger.</summary>
sealed class AnswerChat(EmulatorParts parts)
{
    public async Task RunAsync(HttpContext context)
    {
        var call = new Call(parts, context, "completions");
        try
        {
            if (await AdmitAsync(call) is { } error) await RefuseAsync(call, error);
        }
        catch (Exception e) when (e is OperationCanceledException or BadHttpRequestException && context.RequestAborted.IsCancellationRequested)
        {
            // the caller has left; the entry below says so
        }
        finally
        {
            if (!call.IsSettled) call.Settle(call.StatusSent, null, isCancelled: context.RequestAborted.IsCancellationRequested);
        }
    }

    /// <returns>Why the call is refused; null when it was answered.</returns>
    async Task<ErrorAnswer?> AdmitAsync(Call call)
    {
        (call.Account, var error) = parts.Keys.Of(call.Context.Request);
        if (error is not null) return error;
        (var document, error) = await call.Context.Request.ReadJsonAsync(call.CallerLeft);
        using (document)
        {
            if (error is not null) return error;
            (var request, error) = ReadChatRequest.From(document!.RootElement);
            return error ?? await AnswerAsync(call, request!, document.RootElement);
        }
    }

    async Task<ErrorAnswer?> AnswerAsync(Call call, ChatRequest request, JsonElement body)
    {
        call.Entry.IsStreamed = request.IsStreamed;
        call.Name(request.SessionId ?? request.EndUser);
        var (slug, faults) = Slug.Split(request.Model);
        call.Entry.RequestedModel = parts.Catalog.Find(slug)?.Id ?? slug; // the catalog's own text where there is one: entries are many
        var asked = new Asked(call.Context.Request.Path, IsWork: true, slug, request.LastUserText, request.SystemText, request.ToolText);
        var rule = parts.Rules.For(asked);
        call.MeetTrouble(parts.Faults.For(asked, faults ?? rule?.Fault));
        if (call.Trouble.Refusal is { } refusal) return refusal;
        if (await FaultyBody.ReplaceAsync(call.Context, call.Trouble))
        {
            call.Settle(call.Context.Response.StatusCode, call.Context.Response.StatusCode < 400 ? "error" : null);
            return null;
        }
        if (Choose(call, request) is { } unserved) return unserved;
        var (cached, written, isHourLong) = parts.Cache.Use(request, call.Model!);
        var prompt = Tokens.Of(request);
        if (rule?.Usage is { } usage) (prompt, cached, written) = Scripted(usage, prompt, cached, written);
        call.Input = new TokenCounts(prompt, 0, cached, written, Images: request.Messages.Sum(m => m.Images), Searches: request.WantsSearch ? 1 : 0, IsHourLong: isHourLong);
        var answer = ComposeAnswer.Of(request, call.Model!, rule);
        if (!request.IsStreamed)
        {
            await new SendCompletion(parts, call, request, answer).RunAsync();
            return null;
        }
        using var stream = new StreamCompletion(parts, call, request, answer, WantsEcho(body) ? body : null);
        await stream.RunAsync();
        return null;
    }

    /// <summary>Picks the first model that can serve, and sees that it may.</summary>
    ErrorAnswer? Choose(Call call, ChatRequest request)
    {
        ErrorAnswer? first = null;
        foreach (var slug in request.Fallbacks.Prepend(request.Model))
        {
            var (model, error) = Slug.Find(parts.Catalog, slug);
            error ??= Eligible.Refuse(request, model!, parts.Now);
            if (error is null)
            {
                call.Model = model;
                return Eligible.RefuseCredit(call.Account!, parts, parts.Now) is { } poor ? poor : null;
            }
            first ??= error;
        }
        return first;
    }

    static Task RefuseAsync(Call call, ErrorAnswer error)
    {
        call.Settle(error.Status, null);
        return call.Context.SendErrorAsync(error, call.Entry.StartedAt);
    }

    static bool WantsEcho(JsonElement body) => ReadChatRequest.Member(body, "debug") is { ValueKind: JsonValueKind.Object } debug
        && ReadChatRequest.Member(debug, "echo_upstream_body") is { ValueKind: JsonValueKind.True };

    static (int Prompt, int Cached, int Written) Scripted(RuleUsage usage, int prompt, int cached, int written)
    {
        prompt = usage.Prompt ?? prompt;
        cached = Math.Min(usage.Cached ?? (usage.Prompt is null ? cached : 0), prompt);
        return (prompt, cached, Math.Min(usage.CacheWrite ?? (usage.Prompt is null ? written : 0), prompt - cached));
    }
}
