using System.Text.Json;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>Answers with one JSON document when all of it has been made.</summary>
sealed class SendCompletion(EmulatorParts parts, Call call, ChatRequest request, Answer answer)
{
    readonly Trouble trouble = call.Trouble;
    readonly Produced produced = new(answer);

    public async Task RunAsync()
    {
        var left = call.CallerLeft;
        try
        {
            await FaultyBody.OpenAsync(call.Context, trouble, parts.Options.Time);
            await MakeAsync(parts.Options.FinishesAbandonedJson ? CancellationToken.None : left);
            var json = trouble.InBand switch
            {
                InBandError.None => Whole(),
                InBandError.AtTop or InBandError.FirstFrame => Failed(),
                _ => Partial(),
            };
            await FaultyBody.SendAsync(call.Context, trouble, json, parts.Options.Time);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            if (!call.IsSettled) call.Settle(call.StatusSent, null, produced.Completion, produced.Reasoning, isCancelled: true);
        }
    }

    /// <summary>Takes the time that a model takes; when the caller leaves, a share of the answer has been made.</summary>
    async Task MakeAsync(CancellationToken ct)
    {
        var time = parts.Options.Time;
        var first = parts.Options.FirstTokenAfter + trouble.FirstTokenAfter + answer.Delay;
        if (first > TimeSpan.Zero) await Task.Delay(first, time, ct);
        call.FirstTokenAt = parts.Now;
        var tokens = answer.CompletionTokens;
        var rest = trouble.FrameEvery * (tokens / 4.0);
        if (parts.Options.TokensPerSecond > 0) rest += TimeSpan.FromSeconds(tokens / parts.Options.TokensPerSecond);
        var startedAt = time.GetTimestamp();
        try
        {
            if (rest > TimeSpan.Zero) await Task.Delay(rest, time, ct);
        }
        catch (OperationCanceledException)
        {
            produced.SetShare(Math.Min(1, time.GetElapsedTime(startedAt) / rest));
            throw;
        }
    }

    ReadOnlyMemory<byte> Whole()
    {
        var charge = call.Settle(200, answer.FinishReason, answer.CompletionTokens, answer.ReasoningTokens);
        return Document(answer.Text, answer.Reasoning, answer.FinishReason, answer.NativeFinishReason, null, charge);
    }

    /// <summary>Some of the text, and in the choice the error that ended it.</summary>
    ReadOnlyMemory<byte> Partial()
    {
        var pieces = Piece.Of(answer).Take(trouble.AfterFrames).ToList();
        pieces.ForEach(produced.Add);
        var charge = call.Settle(200, "error", produced.Completion, produced.Reasoning);
        var text = string.Concat(pieces.Where(p => !p.IsReasoning && p.Tool < 0).Select(p => p.Text));
        return Document(text, string.Concat(pieces.Where(p => p.IsReasoning).Select(p => p.Text)), "error", null, trouble.InBandError, charge);
    }

    ReadOnlyMemory<byte> Failed()
    {
        call.Settle(200, "error");
        return JsonForm.Write(json => trouble.InBandError.Write(json, parts.Now)).WrittenMemory;
    }

    ReadOnlyMemory<byte> Document(string text, string reasoning, string finish, string? native, ErrorAnswer? error, Charge charge) => JsonForm.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("id", call.Id);
        json.WriteString("provider", call.Model!.Provider);
        json.WriteString("model", call.Model.Id);
        json.WriteString("object", "chat.completion");
        json.WriteNumber("created", call.Created);
        json.WriteNull("system_fingerprint");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish);
        json.WriteString("native_finish_reason", native);
        json.WriteNumber("index", 0);
        WriteMessage(json, text, reasoning, error is null ? answer.ToolCalls : []);
        error?.WriteObject(json, "error", parts.Now);
        json.WriteEndObject();
        json.WriteEndArray();
        if (trouble.Usage != UsageForm.Missing) json.WriteUsage(call.Entry.Outcome!.Tokens, charge, call.Model, hasUpstream: true, trouble.IsCostMissing);
        if (call.WantsMetadata) json.WriteMetadata(call, request.Model);
        json.WriteEndObject();
    }).WrittenMemory;

    void WriteMessage(Utf8JsonWriter json, string text, string reasoning, IReadOnlyList<ToolCall> tools)
    {
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", text.Length == 0 && tools.Count > 0 ? null : text);
        json.WriteNull("refusal");
        if (reasoning.Length > 0 && !request.Reasoning.IsHidden) ChunkJson.WriteReasoning(json, reasoning);
        else json.WriteNull("reasoning");
        if (tools.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            for (var i = 0; i < tools.Count; i++)
            {
                json.WriteStartObject();
                json.WriteNumber("index", i);
                json.WriteString("id", tools[i].Id);
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", tools[i].Name);
                json.WriteString("arguments", tools[i].Arguments);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }
}
