using System.Text.Json;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>Answers with a stream of events; what has been made when the caller leaves is what is billed.</summary>
/// <param name="echo">The body, when the caller wants to see it in the first frame.</param>
sealed class StreamCompletion(EmulatorParts parts, Call call, ChatRequest request, Answer answer, JsonElement? echo) : IDisposable
{
    static readonly TimeSpan CommentEvery = TimeSpan.FromSeconds(1);

    readonly Trouble trouble = call.Trouble;
    readonly Frames frames = new(call.Context, call.Trouble, (ulong)call.Entry.Number);
    readonly ChunkJson chunks = new(call, parts.Now);
    readonly Produced produced = new(answer);
    readonly CancellationToken left = call.CallerLeft;
    long startedAt;
    int sent;
    bool isMiddlePast;

    public void Dispose() => chunks.Dispose();

    public async Task RunAsync()
    {
        try
        {
            await OpenAsync();
            if (trouble.InBand is InBandError.FirstFrame or InBandError.AtTop)
            {
                await FailAsync();
                return;
            }
            if (echo is { } body) await frames.DataAsync(chunks.Debug(body), left);
            await frames.DataAsync(chunks.Role(), left);
            foreach (var piece in Piece.Of(answer))
            {
                if (sent == trouble.AfterFrames && !isMiddlePast && await MiddleAsync(Chunk(piece))) return;
                await PaceAsync();
                produced.Add(piece);
                await frames.DataAsync(Chunk(piece), left);
                if (sent++ > 0) continue;
                call.FirstTokenAt = parts.Now;
                await frames.FlushAsync(left);
            }
            if (!isMiddlePast && await MiddleAsync(chunks.Finish(answer))) return;
            await EndAsync();
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            if (!call.IsSettled) call.Settle(call.StatusSent, null, produced.Completion, produced.Reasoning, isCancelled: true);
        }
    }

    async Task OpenAsync()
    {
        var response = call.Context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        await FaultyBody.OpenAsync(call.Context, trouble, parts.Options.Time);
        await frames.CommentAsync(left);
        await frames.FlushAsync(left);
        for (var wait = parts.Options.FirstTokenAfter + trouble.FirstTokenAfter + answer.Delay; wait > TimeSpan.Zero; wait -= CommentEvery)
        {
            await Task.Delay(wait < CommentEvery ? wait : CommentEvery, parts.Options.Time, left);
            if (wait <= CommentEvery) break;
            await frames.CommentAsync(left);
            await frames.FlushAsync(left);
        }
        startedAt = parts.Options.Time.GetTimestamp();
    }

    /// <summary>What befalls the middle of the stream.</summary>
    /// <param name="next">The chunk that would have come.</param>
    /// <returns>Whether that ended it.</returns>
    async Task<bool> MiddleAsync(ReadOnlyMemory<byte> next)
    {
        isMiddlePast = true;
        if (trouble.InBand != InBandError.None)
        {
            await FailAsync();
            return true;
        }
        if (trouble.HasMalformedFrame) await frames.DataAsync("{\"id\":\"gen-broken\",\"choices\":[{\"delta\":{\"content\":\""u8.ToArray(), left);
        if (trouble.Ending == Ending.Stall)
        {
            await frames.FlushAsync(left);
            await HoldAsync();
        }
        if (trouble.Ending is not (Ending.Reset or Ending.Close or Ending.Unfinished)) return false;
        await frames.HalfAsync(next, left);
        call.Settle(200, null, produced.Completion, produced.Reasoning, isCancelled: true);
        if (trouble.Ending == Ending.Reset) await CutConnection.ResetAsync(call.Context);
        else if (trouble.Ending == Ending.Close) await CutConnection.CloseAsync(call.Context);
        return true;
    }

    async Task FailAsync()
    {
        call.Settle(200, "error", produced.Completion, produced.Reasoning);
        var error = chunks.Error(trouble.InBand, trouble.InBandError);
        if (trouble.InBand == InBandError.ErrorEvent) await frames.EventAsync("error", error, left);
        else await frames.DataAsync(error, left);
        await frames.FlushAsync(left);
    }

    async Task EndAsync()
    {
        var charge = call.Settle(200, answer.FinishReason, answer.CompletionTokens, answer.ReasoningTokens);
        void Usage(Utf8JsonWriter json) => json.WriteUsage(call.Entry.Outcome!.Tokens, charge, call.Model!, hasUpstream: false, trouble.IsCostMissing);
        void UsageAndMetadata(Utf8JsonWriter json)
        {
            if (trouble.Usage != UsageForm.Missing) Usage(json);
            if (call.WantsMetadata) json.WriteMetadata(call, request.Model);
        }
        await frames.DataAsync(chunks.Finish(answer, trouble.Usage == UsageForm.Twice ? Usage : null), left);
        if (trouble.Usage == UsageForm.WithChoice) await frames.DataAsync(chunks.Finish(answer, UsageAndMetadata), left);
        else if (trouble.Usage != UsageForm.Missing) await frames.DataAsync(chunks.Usage(UsageAndMetadata), left);
        if (!trouble.IsDoneMissing) await frames.DoneAsync(left);
        await frames.FlushAsync(left);
    }

    /// <summary>Waits until the next piece is due; the pieces keep to a schedule, so that short waits do not add up.</summary>
    async Task PaceAsync()
    {
        var due = trouble.FrameEvery * sent;
        if (parts.Options.TokensPerSecond > 0) due += TimeSpan.FromSeconds(produced.Completion / parts.Options.TokensPerSecond);
        var wait = due - parts.Options.Time.GetElapsedTime(startedAt);
        if (wait <= TimeSpan.Zero) return;
        await frames.FlushAsync(left);
        await Task.Delay(wait, parts.Options.Time, left);
    }

    Task HoldAsync() => Task.Delay(trouble.Hold ?? Timeout.InfiniteTimeSpan, parts.Options.Time, left);

    ReadOnlyMemory<byte> Chunk(Piece piece) =>
        piece.IsReasoning ? chunks.Reasoning(request.Reasoning.IsHidden ? "" : piece.Text)
        : piece.Tool < 0 ? chunks.Content(piece.Text)
        : piece.IsStart ? chunks.ToolStart(piece.Tool, answer.ToolCalls[piece.Tool]) : chunks.ToolArguments(piece.Tool, piece.Text);
}
