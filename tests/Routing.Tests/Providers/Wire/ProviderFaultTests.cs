using System.Net;
using System.Text;
using Routing.Providers.Wire;

namespace Routing.Tests.Providers.Wire;

public sealed class ProviderFaultTests
{
    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(400, "invalid_request", ErrorKind.InvalidRequest, typeof(NextStep.FailToCaller))]
    [InlineData(400, "invalid_prompt", ErrorKind.InvalidRequest, typeof(NextStep.FailToCaller))]
    [InlineData(400, "context_length_exceeded", ErrorKind.ContextLengthExceeded, typeof(NextStep.LargerModel))]
    [InlineData(400, "max_tokens_exceeded", ErrorKind.TokenLimitExceeded, typeof(NextStep.FailToCaller))]
    [InlineData(400, "token_limit_exceeded", ErrorKind.TokenLimitExceeded, typeof(NextStep.FailToCaller))]
    [InlineData(400, "content_policy_violation", ErrorKind.ContentRefused, typeof(NextStep.FailToCaller))]
    [InlineData(400, "refusal", ErrorKind.ContentRefused, typeof(NextStep.FailToCaller))]
    [InlineData(401, "authentication", ErrorKind.Authentication, typeof(NextStep.OpenBreakerForProvider))]
    [InlineData(402, "payment_required", ErrorKind.PaymentRequired, typeof(NextStep.OpenBreakerForProvider))]
    [InlineData(403, "permission_denied", ErrorKind.PermissionDenied, typeof(NextStep.FailToCaller))]
    [InlineData(404, "not_found", ErrorKind.NotFound, typeof(NextStep.NextRoute))]
    [InlineData(408, "timeout", ErrorKind.Timeout, typeof(NextStep.RetryOnceSameRoute))]
    [InlineData(413, "payload_too_large", ErrorKind.InvalidRequest, typeof(NextStep.FailToCaller))]
    [InlineData(422, "unprocessable", ErrorKind.InvalidRequest, typeof(NextStep.FailToCaller))]
    [InlineData(429, "rate_limit_exceeded", ErrorKind.RateLimited, typeof(NextStep.NextRoute))]
    [InlineData(500, "server", ErrorKind.ServerError, typeof(NextStep.RetryOnceSameRoute))]
    [InlineData(502, "provider_unavailable", ErrorKind.ProviderUnavailable, typeof(NextStep.NextRoute))]
    [InlineData(503, "provider_overloaded", ErrorKind.ProviderOverloaded, typeof(NextStep.NextRoute))]
    [InlineData(504, "timeout", ErrorKind.Timeout, typeof(NextStep.RetryOnceSameRoute))]
    [InlineData(524, "timeout", ErrorKind.Timeout, typeof(NextStep.RetryOnceSameRoute))]
    [InlineData(529, "provider_overloaded", ErrorKind.ProviderOverloaded, typeof(NextStep.NextRoute))]
    public void The_table_of_errors_holds_in_shapes_a_and_b(int status, string type, ErrorKind kind, Type next)
    {
        foreach (var body in new[]
        {
            $$$"""{"error":{"code":{{{status}}},"message":"m","metadata":{"error_type":"{{{type}}}" }},"user_id":"u"}""",
            $$$"""{"error":{"message":"m","error_type":"{{{type}}}","http_status":{{{status}}},"availability":{"code":"x" },"metadata":{"previous_errors":[] } } }""",
        })
        {
            var fault = Of(status, body);
            Assert.Equal((kind, next, status, "m"), (fault.Kind, fault.Next.GetType(), fault.Status, fault.Message));
        }
    }

    [Theory]
    [InlineData(502, """{"error":{"code":400,"message":"m","metadata":{"error_type":"invalid_request"}}}""", ErrorKind.ProviderUnavailable)]
    [InlineData(400, """{"error":{"message":"This endpoint's maximum context length is 8192 tokens. However, you requested 9000."}}""", ErrorKind.ContextLengthExceeded)]
    [InlineData(400, """{"object":"error","message":"This model's maximum context length is 4096 tokens","type":"BadRequestError","code":400}""", ErrorKind.ContextLengthExceeded)]
    [InlineData(400, """{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}""", ErrorKind.ContextLengthExceeded)]
    [InlineData(400, """{"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}}""", ErrorKind.ContextLengthExceeded)]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}""", ErrorKind.PaymentRequired)]
    [InlineData(404, """{"error":"model 'x' not found"}""", ErrorKind.NotFound)]
    [InlineData(502, "<html>Bad gateway</html>", ErrorKind.ProviderUnavailable)]
    [InlineData(500, "", ErrorKind.ServerError)]
    [InlineData(418, "{}", ErrorKind.InvalidRequest)]
    [InlineData(302, "", ErrorKind.ProviderUnavailable)]
    public void The_status_decides_before_the_type(int status, string body, ErrorKind kind) => Assert.Equal(kind, Of(status, body).Kind);

    [Theory]
    [InlineData(503, null, ErrorKind.ProviderOverloaded)]
    [InlineData(null, "rate_limit_exceeded", ErrorKind.RateLimited)]
    [InlineData(null, "authentication", ErrorKind.Authentication)]
    [InlineData(null, "context_length_exceeded", ErrorKind.ContextLengthExceeded)]
    [InlineData(null, "server_error", ErrorKind.ServerError)]
    [InlineData(null, null, ErrorKind.ServerError)]
    public void An_error_inside_of_an_answer_goes_by_its_code_then_its_type(int? code, string? type, ErrorKind kind) =>
        Assert.Equal(kind, ProviderFault.Of(null, new WireError(code, type, null), RetryHints.None).Kind);

    [Theory]
    [InlineData("Retry-After: 7", "{}", 7_000)]
    [InlineData("Retry-After: 0", "{}", 0)]
    [InlineData("retry-after-ms: 1500|Retry-After: 7", "{}", 1_500)]
    [InlineData("Retry-After: Sun, 01 Mar 2026 12:00:20 GMT", "{}", 20_000)]
    [InlineData("Retry-After: Sun, 01 Mar 2026 11:00:00 GMT", "{}", 0)]
    [InlineData("Date: Sat, 28 Feb 2026 12:00:00 GMT|Retry-After: Sat, 28 Feb 2026 12:00:05 GMT", "{}", 5_000)] // the provider's clock is a day behind
    [InlineData("", """{"error":{"availability":{"retry_after":9,"attempts":[{"retry_after":4},{"retry_after":30}]}}}""", 4_000)]
    [InlineData("Retry-After: 2", """{"error":{"availability":{"retry_after":9}}}""", 2_000)]
    [InlineData("Retry-After: soon", "{}", null)]
    [InlineData("Retry-After: -5", "{}", null)]
    [InlineData("", "{}", null)]
    public void The_time_to_wait_is_found_wherever_it_stands(string headers, string body, int? milliseconds)
    {
        TimeSpan? expected = milliseconds is { } number ? TimeSpan.FromMilliseconds(number) : null;

        foreach (var status in new[] { 429, 503 }) Assert.Equal(expected, Of(status, body, headers).RetryAfter);
        Assert.Equal(expected is { } time ? new NextStep.WaitRetryAfter(time) : new NextStep.NextRoute(), Of(429, body, headers).Next);
    }

    [Theory]
    [InlineData(429, "Retry-After: 1|x-should-retry: false")]
    [InlineData(500, "x-should-retry: false")]
    public void A_relay_that_says_not_to_is_not_asked_again(int status, string headers) => Assert.Equal(new NextStep.NextRoute(), Of(status, "{}", headers).Next);

    static ProviderFault Of(int status, string body, string headers = "")
    {
        using var response = new HttpResponseMessage((HttpStatusCode)status);
        foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
            response.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        return ProviderFault.Of(status, Encoding.UTF8.GetBytes(body), response.Headers, Now);
    }
}
