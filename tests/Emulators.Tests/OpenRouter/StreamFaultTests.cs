using System.Text;
using System.Text.Json;
using Emulators.OpenRouter;

namespace Emulators.Tests.OpenRouter;

/// <summary>What can befall a stream, as its bytes come over the line.</summary>
public sealed class StreamFaultTests
{
    const string Comment = ": OPENROUTER PROCESSING\n\n";

    /// <summary>Ten frames of sixteen bytes, with letters of two to four bytes.</summary>
    static readonly OpenRouterOptions Ten = new() { Rules = [new() { Answer = string.Concat(Enumerable.Repeat("abcdeé日🚀..", 10)) }] };

    [Fact]
    public async Task A_plain_stream_begins_with_a_comment_and_ends_with_done()
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await StreamAsync(rig, "openai/gpt-4o");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", raw.Head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/event-stream", raw.Head, StringComparison.Ordinal);
        Assert.StartsWith(Comment + "data: {\"id\":\"gen-", raw.Stream, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", raw.Stream, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', raw.Stream);
        Assert.Equal(1, Count(raw.Stream, Comment));
        Assert.True(raw.IsWhole);
    }

    [Fact]
    public async Task Comments_stand_before_each_frame_and_lines_can_end_with_crlf()
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await StreamAsync(rig, "openai/gpt-4o:fault-comments+crlf");

        Assert.Equal(14, Count(raw.Stream, ": OPENROUTER PROCESSING\r\n\r\n")); // one at first; role, ten of content, finish, usage
        Assert.Equal(Count(raw.Stream, "\n"), Count(raw.Stream, "\r\n"));
        Assert.EndsWith("data: [DONE]\r\n\r\n", raw.Stream, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_come_in_pieces_that_are_cut_within_characters_too()
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await StreamAsync(rig, "openai/gpt-4o:fault-split");

        Assert.All(raw.Chunks, piece => Assert.InRange(piece.Length, 0, 30));
        Assert.Contains(raw.Chunks, piece => piece.Length > 0 && (piece[0] & 0xC0) == 0x80); // begins in the middle of a character
        Assert.Equal("abcdeé日🚀..", Content(raw.Stream)[..11]);
        Assert.Equal(110, Content(raw.Stream).Length);
    }

    [Fact]
    public async Task Several_frames_come_in_one_write()
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await StreamAsync(rig, "openai/gpt-4o:fault-batch");

        Assert.Contains(raw.Chunks, piece => Count(Encoding.UTF8.GetString(piece), "data: ") >= 4);
    }

    [Theory]
    [InlineData("usage-choice", 1, 1)]
    [InlineData("usage-missing", 0, null)]
    [InlineData("usage-twice", 2, 0)]
    [InlineData("cost-missing", 1, 0)]
    public async Task Usage_comes_in_other_ways_and_is_billed_the_same(string fault, int times, int? choicesInLast)
    {
        await using var rig = await Rig.StartAsync(Ten);

        var chunks = (await rig.FramesAsync(Rig.Ask($"openai/gpt-4o:fault-{fault}"))).SkipLast(1).Select(Rig.Parse).ToList();

        var usages = chunks.Where(c => c.TryGetProperty("usage", out _)).ToList();
        Assert.Equal(times, usages.Count);
        if (choicesInLast is not null) Assert.Equal(choicesInLast, usages[^1].GetProperty("choices").GetArrayLength());
        if (fault == "usage-choice") Assert.Equal("stop", usages[0].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.All(usages, u => Assert.Equal(fault != "cost-missing", u.GetProperty("usage").TryGetProperty("cost", out _)));
        Assert.Equal(5 * 0.0000025m + 40 * 0.00001m, rig.Emulator.Ledger.TotalUsd);
    }

    [Theory]
    [InlineData("error-mid", """error":{"code":502,"message":"Provider returned error","metadata":{"error_type":"provider_unavailable","provider_code":"upstream_error","provider_name":"OpenAI"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","native""")]
    [InlineData("error-mid-empty", """provider_name":"OpenAI"}},"choices":[]}""")]
    [InlineData("error-mid-string", """error":{"code":"server_error","message""")]
    [InlineData("error-mid-bare", """data: {"error":{"code":502,"message""")]
    [InlineData("error-event", "event: error\ndata: {\"error\":{\"code\":502,")]
    [InlineData("error-choice", """finish_reason":"error","native_finish_reason":null,"logprobs":null,"error":{"code":502,"message""")]
    public async Task An_error_ends_the_stream_after_some_content(string fault, string bytes)
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await StreamAsync(rig, $"openai/gpt-4o:fault-{fault}");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", raw.Head, StringComparison.Ordinal);
        var last = raw.Stream.TrimEnd().Split("\n\n")[^1];
        Assert.Contains(bytes, last, StringComparison.Ordinal);
        Assert.Equal(33, Content(raw.Stream).Length); // three frames
        Assert.DoesNotContain("[DONE]", raw.Stream, StringComparison.Ordinal);
        Assert.True(raw.IsWhole);
        var outcome = rig.Emulator.Ledger.Entries[0].Outcome!;
        Assert.Equal(("error", 12, 0m), (outcome.FinishReason, outcome.Tokens.Completion, outcome.CostUsd));
    }

    [Fact]
    public async Task An_error_can_be_the_first_frame_with_the_status_one_wants()
    {
        await using var rig = await Rig.StartAsync(Ten);
        rig.Emulator.Faults.Add(new("error-first") { Status = 429 });

        var frames = await rig.FramesAsync(Rig.Ask("openai/gpt-4o"));

        Assert.Equal(429, Rig.Parse(Assert.Single(frames)).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task The_end_can_be_missing_and_a_frame_can_be_broken()
    {
        await using var rig = await Rig.StartAsync(Ten);

        var unended = await rig.FramesAsync(Rig.Ask("openai/gpt-4o:fault-no-done"));
        var broken = await rig.FramesAsync(Rig.Ask("openai/gpt-4o:fault-malformed-frame"));

        Assert.True(Rig.Parse(unended[^1]).TryGetProperty("usage", out _));
        Assert.Single(broken.SkipLast(1), f => !IsJson(f));
        Assert.False(IsJson(broken[4])); // after the role and three of content
    }

    [Theory]
    [InlineData("cut-reset", true, false)]
    [InlineData("cut-close", false, false)]
    [InlineData("cut-end", false, true)]
    public async Task The_line_breaks_within_a_frame_and_what_was_made_is_billed(string fault, bool wasReset, bool isWhole)
    {
        await using var rig = await Rig.StartAsync(Ten);
        rig.Emulator.Faults.Add(new(fault) { AfterFrames = 5 });

        var raw = await StreamAsync(rig, "openai/gpt-4o");

        Assert.Equal((wasReset, isWhole, true), (raw.WasReset, raw.IsWhole, raw.HasEnded));
        Assert.False(raw.Stream.EndsWith('\n'));
        Assert.Equal(55, Content(raw.Stream[..raw.Stream.LastIndexOf('\n')]).Length); // five frames whole
        await rig.SettledAsync();
        var outcome = rig.Emulator.Ledger.Entries[0].Outcome!;
        Assert.Equal((true, 20, 5 * 0.0000025m + 20 * 0.00001m), (outcome.IsCancelled, outcome.Tokens.Completion, outcome.CostUsd));
    }

    [Theory]
    [InlineData("cut-reset", true)]
    [InlineData("cut-close", false)]
    public async Task A_json_body_breaks_off_before_its_promised_length(string fault, bool wasReset)
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await RawHttp.PostAsync(rig.Emulator.Url, Rig.Ask($"openai/gpt-4o:fault-{fault}"));

        var promised = int.Parse(raw.Head.Split("\r\n").Single(h => h.StartsWith("Content-Length: ", StringComparison.Ordinal))[16..], null);
        Assert.Equal((wasReset, promised / 2), (raw.WasReset, raw.Body.Length));
    }

    [Theory]
    [InlineData("silence", false, 0)]
    [InlineData("silence-headers", true, 0)]
    [InlineData("stall", true, 4)]
    public async Task Nothing_more_comes_until_the_caller_leaves(string fault, bool hasHead, int frames)
    {
        await using var rig = await Rig.StartAsync(Ten);

        var raw = await RawHttp.PostAsync(rig.Emulator.Url, Rig.Ask($"openai/gpt-4o:fault-{fault}", more: new { stream = true }), TimeSpan.FromMilliseconds(800));

        Assert.Equal((hasHead, frames, false), (raw.Head.Length > 0, Count(raw.Text, "data: "), raw.HasEnded));
        await rig.SettledAsync();
        var outcome = rig.Emulator.Ledger.Entries[0].Outcome!;
        Assert.Equal((true, frames == 0 ? 0 : 12, hasHead ? 200 : 0), (outcome.IsCancelled, outcome.Tokens.Completion, outcome.Status));
        Assert.Equal(frames == 0 ? 0 : 5 * 0.0000025m + 12 * 0.00001m, outcome.CostUsd);
    }

    [Theory]
    [InlineData("stall")]
    [InlineData("silence")]
    [InlineData("silence-headers")]
    public async Task A_silence_can_end_and_the_answer_goes_on(string fault)
    {
        await using var rig = await Rig.StartAsync(Ten);
        rig.Emulator.Faults.Add(new(fault) { Seconds = 0.05 });

        Assert.Equal("[DONE]", (await rig.FramesAsync(Rig.Ask("openai/gpt-4o")))[^1]);
        Assert.Equal("stop", (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"))).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task The_first_token_can_be_slow_with_comments_meanwhile_and_frames_can_be_paced()
    {
        await using var rig = await Rig.StartAsync(Ten);
        rig.Emulator.Faults.Add(new("slow-first-token") { Seconds = 1.1, Times = 1 });
        rig.Emulator.Faults.Add(new("pace") { Seconds = 0.02, Times = 1 });
        var started = TimeProvider.System.GetTimestamp();

        var slow = await StreamAsync(rig, "openai/gpt-4o");
        var slowFor = TimeProvider.System.GetElapsedTime(started);
        started = TimeProvider.System.GetTimestamp();
        await StreamAsync(rig, "openai/gpt-4o");

        Assert.Equal(2, Count(slow.Stream, Comment));
        Assert.True(slowFor >= TimeSpan.FromSeconds(1.05) && rig.Emulator.Ledger.Entries[0].Outcome!.FirstTokenAfter >= TimeSpan.FromSeconds(1.05));
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromSeconds(9 * 0.02));
    }

    static Task<RawHttp> StreamAsync(Rig rig, string model) => RawHttp.PostAsync(rig.Emulator.Url, Rig.Ask(model, more: new { stream = true }));

    static int Count(string text, string part) => text.Split(part).Length - 1;

    static string Content(string stream) => string.Concat(Rig.Frames(stream).Where(IsJson).Select(Rig.Parse)
        .Where(c => c.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0)
        .Select(c => c.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() : ""));

    static bool IsJson(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false; // what the test asks
        }
    }
}
