// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TilthToken} from "solidity/TilthToken.sol";
import {Tester} from "./Tester.sol";

contract TilthTokenTest is Tester {
    uint256 private constant OWNER = 0xB001;
    TilthToken private token;
    address private owner = vm.addr(OWNER);
    address private spender = vm.addr(0xB002);

    function setUp() public {
        token = new TilthToken(1000 ether);
        token.transfer(owner, 100 ether);
    }

    function testTheDeployerHoldsTheWholeSupply() public view {
        same(token.totalSupply(), 1000 ether, "supply");
        same(token.balanceOf(address(this)), 900 ether, "rest");
    }

    function testPermitLetsSpendOnceAndOnlyAsSigned(uint256 amount) public {
        amount = within(amount, 0, 100 ether);
        uint256 deadline = block.timestamp + 1;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                spender,
                amount,
                uint256(0),
                deadline
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OWNER, digest);
        vm.expectRevert();
        token.permit(owner, spender, amount + 1, deadline, v, r, s);
        token.permit(owner, spender, amount, deadline, v, r, s);
        same(token.allowance(owner, spender), amount, "allowance");
        vm.expectRevert();
        token.permit(owner, spender, amount, deadline, v, r, s);
    }

    function testBurningLowersTheSupply() public {
        token.burn(1 ether);
        same(token.totalSupply(), 999 ether, "supply");
    }
}
