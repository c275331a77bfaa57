using Crawlers.Logs.Redaction;

namespace Crawlers.Tests.Logs.Redaction;

public sealed class RedactPersonalDataTests
{
    [Theory]
    [InlineData("no account for jane.doe+shop@mail.example.com.", "no account for [redacted:mail].")]
    [InlineData("to=<bob@example.org>, relay=mx1", "to=<[redacted:mail]>, relay=mx1")]
    [InlineData("/users?mail=bob%40example.org&n=1", "/users?mail=[redacted:mail]&n=1")]
    [InlineData("jörg@bücher.example.de", "[redacted:mail]")]
    [InlineData("card 4111 1111 1111 1111 declined", "card [redacted:card] declined")]
    [InlineData("card=4111111111111111", "card=[redacted:card]")]
    [InlineData("card 4111-1111-1111-1111, 12/28", "card [redacted:card], 12/28")]
    [InlineData("{\"pan\":\"378282246310005\"}", "{\"pan\":\"[redacted:card]\"}")]
    [InlineData("3782 822463 10005 12 28", "[redacted:card] 12 28")]
    [InlineData("7 4111 1111 1111 1111 5555 5555 5555 4444", "7 [redacted:card] [redacted:card]")]
    [InlineData("iban DE89 3704 0044 0532 0130 00 unknown", "iban [redacted:iban] unknown")]
    [InlineData("iban=GB82WEST12345698765432;", "iban=[redacted:iban];")]
    [InlineData("ssn 123-45-6789", "ssn [redacted:ssn]")]
    [InlineData("call +49 30 1234567 now", "call [redacted:phone] now")]
    [InlineData("sms to +4915112345678 failed", "sms to [redacted:phone] failed")]
    [InlineData("tel:+1 (555) 010-0000.", "tel:[redacted:phone].")]
    public void What_names_a_person_or_an_account_is_taken_out(string text, string expected) =>
        Assert.Equal(expected, RedactText.Run(text).Text);

    [Theory]
    [InlineData("at Shop.Auth.<CheckPassword>d__5.MoveNext() in /src/Auth/Password.cs:line 12")]
    [InlineData("   at Shop.Auth.Login(String user, String password, CancellationToken token) in C:\\src\\Auth.cs:line 7")]
    [InlineData("\tat com.shop.TokenService.check(TokenService.java:88)")]
    [InlineData("  File \"/srv/token.py\", line 52, in check_password")]
    [InlineData("    at validateToken (/app/src/token.js:45:11)")]
    [InlineData("main.(*Token).Check(0xc000012345)\n\t/build/token.go:120 +0xbb")]
    [InlineData("from /app/models/token.rb:12:in 'Token#check'")]
    [InlineData("   3: shop::token::check\n             at ./src/token.rs:12:5")]
    [InlineData("order 550e8400-e29b-41d4-a716-446655440000 lost")]
    [InlineData("order 12345678-1234-4234-8234-123456789012 lost")]
    [InlineData("commit 9fceb02d0ae598e95dc970b74767f19372d61af8 and 9fceb02")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7")]
    [InlineData("/usr/lib/node_modules/@scope/pkg/index.js and /go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go:123")]
    [InlineData("node_modules/.pnpm/express@4.18.2/node_modules/express/lib/router.js")]
    [InlineData("git@github.com:shop/orders.git and user@1000.service")]
    [InlineData("version 10.0.401-preview.2.25164 of 2026-03-01T09:00:00.123456789+01:00")]
    [InlineData("20260301090000123 1772355600000 1772355600000000 1772355600000000000")]
    [InlineData("block blk_-4980916519894289629 of blk_3509323198988774369, hash -4980916519894289629")]
    [InlineData("+12345678 bytes written, offset +123456789")]
    [InlineData("    password = request.form[\"password\"]")]
    [InlineData("    const token = jwt.sign(payload, secret)")]
    [InlineData("git+ssh://git@github.com/shop/orders.git")]
    [InlineData("where password=%s and token=?")]
    [InlineData("SyntaxError: Unexpected token: punc (,)")]
    [InlineData("token expired")]
    [InlineData("Invalid token: expired")]
    [InlineData("unexpected token: expected ')' but found ','")]
    [InlineData("the password is wrong")]
    [InlineData("password: must be at least eight characters")]
    [InlineData("Access denied for user 'app'@'10.0.0.7' (using password: YES)")]
    [InlineData("author: Jane")]
    [InlineData("prompt_tokens=512 max_tokens: 4096 total_tokens=1532 token_count=99")]
    [InlineData("key=orders/17 partition_key=7 primary key violated")]
    [InlineData("option --password is required")]
    [InlineData("number 4111111111111112 and 4111 1111 1111 1112 fail Luhn")]
    [InlineData("connect to 10.0.0.7:5432 and [2001:db8::1]:443 failed")]
    [InlineData("password_changed_at=2026-03-01 token_type=bearer secret_name=orders")]
    [InlineData("java.lang.Object@1a2b3c4d and main@abcdef")]
    [InlineData("https://example.com:8443/a@b?x=1")]
    [InlineData("disk-0123456789abcdefghij and task-7d9f8b6c5dabcdefgh12")]
    [InlineData("basic authentication failed, bearer token missing")]
    [InlineData("HTTP 401 www-authenticate: Basic realm=\"shop\"")]
    [InlineData("goroutine 1 [running]: +0x1bb 2026/03/01 09:00:00 +0100")]
    [InlineData("invalid bypass=1 compass=2 pass: 12 fail: 3")]
    public void What_an_operator_needs_stays(string text)
    {
        var found = RedactText.Run(text);

        Assert.Equal(text, found.Text);
        Assert.Empty(found.Counts);
    }
}
