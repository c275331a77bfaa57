using System.Runtime.InteropServices;
using System.Text.Json;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Chat;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Embeddings;

/// <summary><c>POST /api/v1/embeddings</c>.</summary>
sealed class AnswerEmbeddings(EmulatorParts parts)
{
    const int UsualDimensions = 1536, MostDimensions = 3072;

    public async Task RunAsync(HttpContext context)
    {
        var call = new Call(parts, context, "embeddings");
        try
        {
            (call.Account, var error) = parts.Keys.Of(context.Request);
            JsonDocument? document = null;
            if (error is null) (document, error) = await context.Request.ReadJsonAsync(call.CallerLeft);
            using (document)
            {
                if (error is null && document!.RootElement.ValueKind != JsonValueKind.Object) error = ErrorAnswer.Invalid("The request body must be an object.");
                error ??= await AnswerAsync(call, document!.RootElement);
            }
            if (error is null) return;
            call.Settle(error.Status, null);
            await context.SendErrorAsync(error, call.Entry.StartedAt);
        }
        catch (Exception e) when (e is OperationCanceledException or BadHttpRequestException && context.RequestAborted.IsCancellationRequested)
        {
            // the caller has left; the entry below says so
        }
        finally
        {
            if (!call.IsSettled) call.Settle(call.StatusSent, null, isCancelled: true);
        }
    }

    async Task<ErrorAnswer?> AnswerAsync(Call call, JsonElement body)
    {
        if (ReadChatRequest.Member(body, "model") is not { ValueKind: JsonValueKind.String } named) return ErrorAnswer.Invalid("model: a model's slug is required.");
        var (slug, faults) = Slug.Split(named.GetString()!);
        call.Entry.RequestedModel = slug;
        call.MeetTrouble(parts.Faults.For(new Asked(call.Context.Request.Path, IsWork: true, slug), faults));
        if (call.Trouble.Refusal is { } refusal) return refusal;
        if (await FaultyBody.ReplaceAsync(call.Context, call.Trouble))
        {
            call.Settle(call.Context.Response.StatusCode, "error");
            return null;
        }
        var (model, error) = Slug.Find(parts.Catalog, slug);
        if (error is not null) return error;
        if (!model!.IsEmbedding && faults is null) return Eligible.WrongEndpoint(slug, "makes no embeddings");
        if (Inputs(body) is not { Count: > 0 } inputs) return ErrorAnswer.Invalid("input: a text, texts, tokens or parts are required.");
        var dimensions = ReadChatRequest.Member(body, "dimensions") is { ValueKind: JsonValueKind.Number } wanted && wanted.TryGetInt32(out var number) ? number : UsualDimensions;
        if (dimensions is < 1 or > MostDimensions) return ErrorAnswer.Invalid($"dimensions must be from 1 to {MostDimensions}.");
        call.Model = model;
        if (Eligible.RefuseCredit(call.Account!, parts, parts.Now) is { } poor) return poor;
        call.Input = new TokenCounts(inputs.Sum(i => i.Tokens), 0);
        await FaultyBody.OpenAsync(call.Context, call.Trouble, parts.Options.Time);
        var isBase64 = ReadChatRequest.Member(body, "encoding_format") is { ValueKind: JsonValueKind.String } format && format.GetString() == "base64";
        var charge = call.Settle(200, "stop");
        var json = JsonForm.Write(json => Write(json, call, charge, inputs, dimensions, isBase64));
        await FaultyBody.SendAsync(call.Context, call.Trouble, json.WrittenMemory, parts.Options.Time);
        return null;
    }

    /// <returns>Text and tokens of each input; null when it is none of the forms.</returns>
    static List<(string Text, int Tokens)>? Inputs(JsonElement body)
    {
        if (ReadChatRequest.Member(body, "input") is not { } input) return null;
        if (input.ValueKind == JsonValueKind.String) return [One(input)];
        if (input.ValueKind != JsonValueKind.Array || input.GetArrayLength() == 0) return null;
        return input[0].ValueKind == JsonValueKind.Number ? [One(input)] : [.. input.EnumerateArray().Select(One)];
    }

    static (string, int) One(JsonElement input) => input.ValueKind switch
    {
        JsonValueKind.String => (input.GetString()!, Tokens.Of(input.GetString()!)),
        JsonValueKind.Array => (input.GetRawText(), input.GetArrayLength()), // tokens, counted already
        JsonValueKind.Object => ReadMessage.From(input, "user") is var parts ? (parts.Text, Tokens.Of(parts.Text)) : default,
        _ => ("", 0),
    };

    static void Write(Utf8JsonWriter json, Call call, Charge charge, List<(string Text, int Tokens)> inputs, int dimensions, bool isBase64)
    {
        json.WriteStartObject();
        json.WriteString("id", call.Id);
        json.WriteString("object", "list");
        json.WriteString("model", call.Model!.Id);
        json.WriteStartArray("data");
        for (var i = 0; i < inputs.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", i);
            var vector = EmbeddedText.Of(inputs[i].Text, dimensions);
            if (isBase64) json.WriteBase64String("embedding", MemoryMarshal.AsBytes(vector.AsSpan()));
            else
            {
                json.WriteStartArray("embedding");
                foreach (var value in vector) json.WriteNumberValue(value);
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", call.Input.Prompt);
        json.WriteNumber("total_tokens", call.Input.Prompt);
        json.WriteMoney("cost", charge.CostUsd);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
